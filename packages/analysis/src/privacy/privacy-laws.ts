import type { Law } from '../laws/law.ts'
import { coverLaws } from './cover-laws.ts'
import { disclosureLaws } from './disclosure-laws.ts'
import { mixLaws } from './mix-laws.ts'

/** Closed forms of what observers learn, each with an experiment in which the attack itself runs. */
export const privacyLaws: readonly Law[] = [...mixLaws, ...disclosureLaws, ...coverLaws]
