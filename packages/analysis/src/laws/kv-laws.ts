import { blockConservation } from './block-conservation.ts'
import { blockSizeOptimum, sharedFrontLoss } from './block-size.ts'
import { closedSystem } from './closed-system.ts'
import { contiguousBatch } from './contiguous-batch.ts'
import { conversationReuse } from './conversation-reuse.ts'
import { fetchOrCompute } from './fetch-or-compute.ts'
import { infiniteCache, lruInclusion } from './infinite-cache.ts'
import { internalWaste } from './internal-waste.ts'
import type { Law } from './law.ts'
import { little, singleServer } from './queueing.ts'
import { saturatedBatch } from './saturated-batch.ts'
import { skiRental } from './ski-rental.ts'
import { stormRecovery, stormSize } from './storm.ts'
import { endlessTier, tiersAddUp } from './tiers-add-up.ts'

/** Laws of KV memory and serving, each an experiment on the serving package. */
export const kvLaws: readonly Law[] = [
  internalWaste(),
  sharedFrontLoss(),
  blockSizeOptimum(),
  contiguousBatch(),
  blockConservation(),
  infiniteCache(),
  lruInclusion(),
  tiersAddUp(),
  endlessTier(),
  fetchOrCompute(),
  stormSize(),
  stormRecovery(),
  little(),
  singleServer(),
  saturatedBatch(),
  conversationReuse(),
  skiRental(),
  closedSystem(),
]
