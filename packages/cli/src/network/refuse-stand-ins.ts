import type { Scenario } from '@infermesh/scenario'
import { UserError } from '../user-error.ts'

/** Stand-ins protect nothing, so no process gets them, not even when asked. */
export function refuseStandIns({ crypto }: Pick<Scenario, 'crypto'>): void {
  if (crypto === 'sized')
    throw new UserError(
      'crypto: expected real where peers are processes, found sized; run it in the world message or stack, or drop the key',
    )
}
