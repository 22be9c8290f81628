import type { TraceRecord } from '@infermesh/kernel'
import { WORLD } from '@infermesh/kernel'
import { createMessageWorld, type JobStep, type MessageWorld, uniformLatency } from '@infermesh/sim'
import type { ConformanceCase, ConformanceWorld, Seen, Step } from './conformance-case.ts'
import type { CountJob, Note, Paper } from './note.ts'

/** The message world under test, with links that would reorder messages if nobody took care. */
export const messageAdapter: ConformanceWorld = {
  name: 'message',
  async run(conformanceCase) {
    const records: TraceRecord<Seen>[] = []
    const world = createMessageWorld<Note, Paper>({
      seed: conformanceCase.name,
      latency: uniformLatency(5, 40),
      compute: (job) => countSteps(job as CountJob),
      onRecord: (record) => {
        if (record.peer !== WORLD) records.push(record as TraceRecord<Seen>)
      },
      peers: conformanceCase.peers.map(({ name, createMachine }) => ({
        name,
        peerId: idOf(name),
        createMachine: () => createMachine(idOf),
      })),
    })
    play(world, conformanceCase)
    return records
  },
}

const idOf = (name: string): string => `id-of-${name}`

const countSteps = (job: CountJob): readonly JobStep[] =>
  Array.from({ length: job.results }, (_, value) => ({ after: 20 * (value + 1), result: { ok: true, value } }))

function play(world: MessageWorld<Note, Paper>, { peers, down = [], script = [], until }: ConformanceCase): void {
  for (const { name } of peers) if (!down.includes(name)) world.start(name)
  for (const step of script) world.at(step.at, () => apply(world, step))
  world.run(until)
}

function apply(world: MessageWorld<Note, Paper>, step: Step): void {
  if (step.type === 'crashAfter') world.crash(step.peer, { afterEffects: step.effects })
  else world[step.type](step.peer)
}
