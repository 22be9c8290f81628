import type { Millis } from '@infermesh/kernel'
import { type StackWorld, serveStack } from '@infermesh/libp2p'
import type { JobStep } from '@infermesh/sim'
import type { ConformanceCase, Step } from './conformance-case.ts'
import { conformanceCases } from './conformance-cases.ts'
import type { CountJob } from './note.ts'
import { messagesOf, partsOf } from './stack-peer-parts.ts'

/** Which case to run. Cases hold functions, so they are looked up on both sides. */
export interface CasePlan {
  readonly case: string
  /** Which peers are on libp2p, by their place: the others are messages. All, unless told. */
  readonly onStack?: 'even' | 'odd'
}

serveStack<CasePlan, Millis>({
  world(plan) {
    const { peers } = caseOf(plan)
    const { onStack } = plan
    const isOnStack = (index: number) => onStack === undefined || (index % 2 === 0) === (onStack === 'even')
    const hosts = peers.filter((_, index) => isOnStack(index))
    const names = hosts.map(({ name }) => name)
    return {
      // Links that would reorder frames if nobody took care.
      latency: { delay: (_from, _to, random) => 5 + random.next() * 35 },
      compute: (job) => countSteps(job as CountJob),
      peers: hosts.map((peer, index) => ({ ...partsOf(peer), dial: names.slice(0, index) })),
      ...(onStack && {
        messages: {
          peers: peers.filter((_, index) => !isOnStack(index)).map((peer) => messagesOf(peer)),
          order: peers.map(({ name }) => name),
          stackTopics: ['news'],
        },
      }),
    }
  },
  async direct(world, plan) {
    const { peers, down = [], script = [], until } = caseOf(plan)
    for (const { name } of peers) if (!down.includes(name)) world.start(name)
    for (const step of script) world.at(step.at, () => apply(world, step))
    await world.run(until)
    return world.now()
  },
})

function caseOf({ case: name }: CasePlan): ConformanceCase {
  const found = conformanceCases.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no conformance case is called ${name}`)
  return found
}

const countSteps = (job: CountJob): readonly JobStep[] =>
  Array.from({ length: job.results }, (_, value) => ({ after: 20 * (value + 1), result: { ok: true, value } }))

function apply(world: StackWorld, step: Step): void {
  if (step.type === 'crashAfter') world.crash(step.peer, { afterEffects: step.effects })
  else world[step.type](step.peer)
}
