export type { Costs } from './costs.ts'
export type { Leak } from './leak.ts'
export { type LeakReport, type LeaksOptions, leakMetrics, leaksOf } from './leaks.ts'
