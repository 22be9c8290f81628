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
export const stackAdapter: ConformanceWorld = {
  name: 'stack',
  async run({ name }) {
    const records: TraceRecord<Seen>[] = []
    const { file } = await bundled
    await runInWorker<CasePlan, Millis>({
      entry: file,
      seed: name,
      plan: { case: name },
      onRecord: (record) => {
        if (record.peer !== WORLD && isSeen(record)) records.push(record)
      },
    })
    return records
  },
}

const isSeen = (record: TraceRecord): record is TraceRecord<Seen> => record.event.type === 'saw' || record.event.type === 'said'
