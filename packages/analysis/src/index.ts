export { kvLaws } from './laws/kv-laws.ts'
export type { Law, LawResult } from './laws/law.ts'
export { type Costs, type Leak, type LeakReport, type LeaksOptions, leakMetrics, leaksOf } from './leaks/index.ts'
export {
  flowSightings,
  gatewaySightings,
  operatorSightings,
  type ReadReceipt,
  type ReceiptSighting,
  relaySightings,
  saleSightings,
  settlementSightings,
  truthOf,
} from './observers/index.ts'
export { headlineLaws, type LeakRunner } from './privacy/headline-laws.ts'
export { privacyLaws } from './privacy/privacy-laws.ts'
