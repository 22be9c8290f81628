export { emptyFrontier, extended, type Frontier, frontierRoot } from './frontier.ts'
export { leafHash, nodeHash } from './hashing.ts'
export { MerkleLog, merkleRoot } from './merkle-log.ts'
export { type ConsistencyClaim, type InclusionClaim, verifyConsistency, verifyInclusion } from './verification.ts'
