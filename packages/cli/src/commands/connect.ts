import { connectTestnet, listTestnets, NotRunning, requireName, type TestnetClient } from '@infermesh/testnet'
import { UserError } from '../user-error.ts'

/** Folder of the testnets that stay. */
export const TESTNETS = '.infermesh'

/** The flag that all commands on a running testnet share. */
export interface Named {
  readonly name?: string
}

/** The testnet of that name, or the only one that is up. */
export function connect({ name }: Named): TestnetClient {
  const running = [...listTestnets(TESTNETS)].filter(([, found]) => found.status === 'running').map(([found]) => found)
  const [only, ...others] = running
  if (name !== undefined) requireName(name)
  if (name === undefined && others.length > 0) throw new UserError(`several testnets are up (${running.join(', ')}): say which with --name`)
  const chosen = name ?? only
  if (chosen === undefined) throw new UserError('no testnet is up here: start one with `infermesh up <scenario>`')
  try {
    return connectTestnet(TESTNETS, chosen)
  } catch (error) {
    if (error instanceof NotRunning) throw new UserError(error.message)
    throw error
  }
}
