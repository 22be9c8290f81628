import { join } from 'node:path'
import { type Millis, type TraceRecord, WORLD } from '@infermesh/kernel'
import { runInWorker } from '@infermesh/libp2p'
import { bundlePeer } from '@infermesh/testnet'
import type { ConformanceWorld, Seen } from './conformance-case.ts'
import type { CasePlan } from './stack-program.ts'

const bundled = bundlePeer({
  entry: join(import.meta.dirname, 'stack-program.ts'),
  cache: join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'infermesh'),
})

/** The stack world under test, a thread for each case. */
export const stackAdapter = adapter('stack')
/** The same with a border right through it: every other peer is messages. */
export const mixedAdapters = [adapter('stack, mixed', 'even'), adapter('stack, mixed the other way', 'odd')]

function adapter(world: string, onStack?: CasePlan['onStack']): ConformanceWorld {
  return { name: world, run: ({ name }) => runCase({ case: name, ...(onStack && { onStack }) }) }
}

async function runCase(plan: CasePlan): Promise<readonly TraceRecord<Seen>[]> {
  const records: TraceRecord<Seen>[] = []
  const { file } = await bundled
  await runInWorker<CasePlan, Millis>({
    entry: file,
    seed: plan.case,
    plan,
    onRecord: (record) => {
      if (record.peer !== WORLD && isSeen(record)) records.push(record)
    },
  })
  return records
}

const isSeen = (record: TraceRecord): record is TraceRecord<Seen> => record.event.type === 'saw' || record.event.type === 'said'
