export { nodeRsa, rsaKeyFromPem } from './rsa.ts'
