import type { PagedEngineConfig } from '@infermesh/peers'
import type { EngineSettings } from '@infermesh/scenario'
import { engineOptionsFor } from '@infermesh/serving'
import { readProfileNow } from '@infermesh/serving/files'
import { UserError } from '../user-error.ts'

/** An operator's engine from the scenario's words. Bad words are told with the peer's name, before anything starts. */
export function engineConfig(peer: string, settings: EngineSettings): PagedEngineConfig {
  const { profile: name, blockSize, stepTokens, sequences, blocks, policy, admission, tiers } = settings
  try {
    const setup = {
      profile: readProfileNow(name),
      ...(blocks === undefined ? {} : { blocks }),
      ...(policy === undefined ? {} : { policy }),
      ...(admission === undefined ? {} : { admission }),
      ...(tiers === undefined ? {} : { tiers }),
      ...(stepTokens === undefined ? {} : { stepTokensMax: stepTokens }),
      ...(sequences === undefined ? {} : { sequencesMax: sequences }),
    }
    engineOptionsFor({ ...setup, ...(blockSize === undefined ? {} : { blockTokens: blockSize }) })
    return { kind: 'paged', ...setup, ...(blockSize === undefined ? {} : { blockSize }) }
  } catch (error) {
    if (error instanceof Error) throw new UserError(`${peer}: engine: ${error.message}`)
    throw error
  }
}
