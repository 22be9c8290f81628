import type { Scenario } from '@infermesh/scenario'

/** What every peer's line carries without a bandwidth fault, in bytes a millisecond. */
export const usualRate = ({ network }: Pick<Scenario, 'network'>): number =>
  network.bandwidth === undefined ? Number.POSITIVE_INFINITY : network.bandwidth / 8_000
