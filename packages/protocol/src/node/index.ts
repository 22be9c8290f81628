export { identityFromSeed, nodeCryptography, seedOf } from './cryptography.ts'
