import { nested } from '../wire/fields.ts'
import { list, struct } from '../wire/schema.ts'
import { block } from './settlement.ts'

/** A block with the precommits of 2f+1 settlers: nothing in it can change any more. */
export const checkpoint = struct({ block, precommits: list(nested, 64) })
