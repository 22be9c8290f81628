export { combineShares, SECRET_BYTES, SHARE_BYTES, type SplitOptions, splitSecret } from './secret-sharing.ts'
