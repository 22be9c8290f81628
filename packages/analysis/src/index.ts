export { kvLaws } from './laws/kv-laws.ts'
export type { Law, LawResult } from './laws/law.ts'
export { privacyLaws } from './privacy/privacy-laws.ts'
