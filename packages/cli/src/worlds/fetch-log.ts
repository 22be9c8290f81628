import type { AnyMessage } from '@infermesh/kernel'
import { type Message, type MessageOf, openAs, type SealingContext } from '@infermesh/protocol'
import type { FinalLog } from './world.ts'

const PAGE = 32

/** Asks one settler for a message's first answer. */
export type AskSettler = (settler: string, message: Message) => Promise<AnyMessage>

/** The whole log, from the settler that knows most of it. Empty when none answers. */
export async function fetchLog(settlers: readonly string[], ask: AskSettler, context: SealingContext): Promise<FinalLog> {
  const heights = await Promise.all(settlers.map(async (settler) => ({ settler, height: await heightOf(settler, ask) })))
  const [best] = heights.filter(({ height }) => height >= 0).sort((left, right) => right.height - left.height)
  if (best === undefined) return { checkpoints: [], entries: [] }
  const checkpoints: Uint8Array[] = []
  while (checkpoints.length < best.height) {
    const page = (await ask(best.settler, {
      type: 'FetchCheckpoints',
      from: checkpoints.length + 1,
      count: PAGE,
    })) as MessageOf<'Checkpoints'>
    if (page.checkpoints.length === 0) break
    checkpoints.push(...page.checkpoints)
  }
  const ids = checkpoints.flatMap((raw) => openAs('checkpoint', raw, context).payload.block.entries)
  const entries: Uint8Array[] = []
  for (let start = 0; start < ids.length; start += PAGE) {
    const page = (await ask(best.settler, { type: 'FetchEntries', ids: ids.slice(start, start + PAGE) })) as MessageOf<'Entries'>
    entries.push(...page.entries)
  }
  return { checkpoints, entries }
}

async function heightOf(settler: string, ask: AskSettler): Promise<number> {
  try {
    const answer = await ask(settler, { type: 'FetchCheckpoints', from: 1, count: 1 })
    return answer.type === 'Checkpoints' ? (answer as MessageOf<'Checkpoints'>).height : -1
  } catch {
    // A settler that is down has nothing to say; the others do.
    return -1
  }
}
