// The protocol's index does not list these yet. They stay behind one file, so that the change is one line each.
// biome-ignore-start lint/style/noRestrictedImports: there is no by-name path to these definitions, and a second copy could disagree.
export { combineShares, splitSecret } from '../../../../protocol/src/secret-sharing/index.ts'
export { digest, nested, peer } from '../../../../protocol/src/wire/fields.ts'
export { flag, list, struct, uint } from '../../../../protocol/src/wire/schema.ts'
// biome-ignore-end lint/style/noRestrictedImports: see above.
