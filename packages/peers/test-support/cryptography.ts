export { identityFromSeed, nodeCryptography, seedOf } from '@infermesh/protocol/node'
