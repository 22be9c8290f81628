import { paperSetup, runReservation } from '@infermesh/serving'
import { exact, type Law } from './law.ts'

/** Reserving the longest answer runs as many requests as reservations fit, however short the answers are. */
export const contiguousBatch = (reserve: typeof runReservation = runReservation): Law => ({
  name: 'kv.contiguous-batch',
  source: 'batch = floor(slots / longest context) = 15,700 / 2,048; paged attention, SOSP 2023, figure 13a: 7.00',
  run: (random) => {
    const { meanBatchSaturated } = reserve({ ...paperSetup, random, reservation: 'max', requests: 400 })
    return exact(Math.floor(paperSetup.slots / paperSetup.contextMax), meanBatchSaturated)
  },
})
