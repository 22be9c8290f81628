import type { Law } from '../laws/law.ts'
import { budgetLaws } from './budget-laws.ts'
import { coverLaws } from './cover-laws.ts'
import { disclosureLaws } from './disclosure-laws.ts'
import { mixLaws } from './mix-laws.ts'
import { sealingLaws } from './sealing-laws.ts'
import { streamLaws } from './stream-laws.ts'

/** Closed forms of what observers learn, each with an experiment in which the attack itself runs. */
export const privacyLaws: readonly Law[] = [...mixLaws, ...disclosureLaws, ...coverLaws, ...streamLaws, ...sealingLaws, ...budgetLaws]
