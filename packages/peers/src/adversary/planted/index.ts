import { answerBugs } from './answer-bugs.ts'
import type { PlantedBug } from './bug.ts'
import { diskBugs } from './disk-bugs.ts'
import { leaseBugs } from './lease-bugs.ts'
import { ledgerBugs } from './ledger-bugs.ts'
import { sealedBugs } from './sealed-bugs.ts'
import { settlementBugs } from './settlement-bugs.ts'

export type { MachineBuilder, PlantedBug } from './bug.ts'

/** Every bug that a hunt must find. */
export const plantedBugs: readonly PlantedBug[] = [
  ...diskBugs,
  ...leaseBugs,
  ...answerBugs,
  ...ledgerBugs,
  ...settlementBugs,
  ...sealedBugs,
]
