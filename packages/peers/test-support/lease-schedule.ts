import type { Parameters } from '@infermesh/protocol'
import { everyLink, lognormalLatency, loss } from '@infermesh/sim'
import fc from 'fast-check'
import { PrivatePeer } from './private-peer.ts'
import { measurement, model, type PrivateWorld, privateWorld, type Replacement } from './private-world.ts'

/** Short leases, so that much happens in a short run. */
export const quickLeases: Partial<Parameters> = {
  heartbeatEvery: 300,
  lease: { ttl: 3000, renewEvery: 1000, driftPpm: 5000, epsilon: 50, quorum: 3 },
}

export const operators = ['operator-0', 'operator-1', 'operator-2', 'operator-3']
const grantors = ['grantor-0', 'grantor-1', 'grantor-2', 'grantor-3', 'grantor-4']
const foreignCode = 'operator-3'

export type Fault =
  | { readonly kind: 'crash'; readonly at: number; readonly peer: string; readonly afterEffects: number; readonly downMs: number }
  | { readonly kind: 'isolate'; readonly at: number; readonly peer: string; readonly forMs: number }
  | { readonly kind: 'reboot'; readonly at: number; readonly first: number; readonly count: number }
  | { readonly kind: 'pause'; readonly at: number; readonly peer: string; readonly forMs: number }
  | { readonly kind: 'lose'; readonly at: number; readonly forMs: number }
  | { readonly kind: 'handback'; readonly at: number }
  | { readonly kind: 'revoke'; readonly at: number; readonly peer: string }
  | { readonly kind: 'delegate'; readonly at: number; readonly peer: string }

export interface Schedule {
  readonly seed: number
  /** Parts per million, one for each operator and grantor. */
  readonly drifts: readonly number[]
  readonly faults: readonly Fault[]
}

const faultsUntil = 14_000
/** Long enough for every wait and backoff to end once nothing is broken any more. */
const runUntil = 32_000

const at = fc.integer({ min: 1000, max: faultsUntil })
const anyPeer = fc.constantFrom(...operators, ...grantors)
const anyOperator = fc.constantFrom('operator-0', 'operator-1', 'operator-2')
const standby = fc.constantFrom('operator-1', 'operator-2')
const forMs = fc.integer({ min: 200, max: 6000 })

const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('crash' as const), at, peer: anyPeer, afterEffects: fc.nat(12), downMs: forMs }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('isolate' as const), at, peer: anyOperator, forMs }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('reboot' as const), at, first: fc.nat(4), count: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pause' as const), at, peer: anyOperator, forMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), at, forMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('handback' as const), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke' as const), at, peer: standby }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delegate' as const), at, peer: standby }) },
)

/** Random faults over an owner, a hot and a warm standby, one with foreign code, and five grantors, with drift up to the bound. */
export const schedules = (driftPpm = 5000): fc.Arbitrary<Schedule> =>
  fc.record({
    seed: fc.nat(1_000_000),
    drifts: fc.array(fc.integer({ min: -driftPpm, max: driftPpm }), { minLength: 9, maxLength: 9 }),
    faults: fc.array(fault, { minLength: 3, maxLength: 12 }),
  })

export interface Outcome {
  readonly run: PrivateWorld
  /** The first instant at which two operators were both allowed to serve. */
  readonly overlap: { readonly at: number; readonly peers: readonly string[] } | undefined
  /** Who may serve at the end. */
  readonly serving: readonly string[]
}

/** Plays a schedule and asks every operator after every event, by its own clock, whether it may serve. */
export function play(schedule: Schedule, replace?: Replacement): Outcome {
  const standbys = [
    { peer: 'operator-1', temperature: 'hot', priority: 0 },
    { peer: 'operator-2', temperature: 'warm', priority: 1 },
    { peer: foreignCode, temperature: 'hot', priority: 2 },
  ] as const
  const run = privateWorld({
    ...{ standbys, operators: operators.length, parameters: quickLeases, seed: schedule.seed, bare: true, loadMs: 300, keepAliveMs: 2000 },
    latency: lognormalLatency({ median: 20, p99: 120, seed: schedule.seed }),
    measurementOf: (name) => (name === foreignCode ? 'cd'.repeat(32) : measurement),
    ...(replace === undefined ? {} : { replace }),
  })
  const rates = new Map([...operators, ...grantors].map((name, index) => [name, (schedule.drifts[index] ?? 0) / 1_000_000]))
  for (const [name, drift] of rates) run.world.setClock(name, { offset: 0, drift })
  for (const one of schedule.faults) run.world.at(one.at, () => apply(one, run))
  run.world.at(faultsUntil + 6000, () => mend(run))
  run.world.start()
  let overlap: Outcome['overlap']
  while (run.world.now() < runUntil && run.world.step()) {
    const peers = servingNow(run, rates)
    if (peers.length > 1 && overlap === undefined) overlap = { at: run.world.now(), peers }
  }
  return { run, overlap, serving: servingNow(run, rates) }
}

function servingNow({ world }: PrivateWorld, rates: ReadonlyMap<string, number>): readonly string[] {
  return operators.filter((name) => {
    const machine = world.machine(name)
    if (!(machine instanceof PrivatePeer)) return false
    const now = Math.floor(world.now() * (1 + (rates.get(name) ?? 0)))
    return machine.models
      .states(now)
      .some(({ state, epoch }) => state === 'holder' && machine.models.mayServe(model, epoch, now).state === 'granted')
  })
}

function apply(one: Fault, run: PrivateWorld): void {
  const { world } = run
  const later = (after: number, action: () => void): void => world.at(world.now() + after, action)
  switch (one.kind) {
    case 'crash':
      if (!world.isUp(one.peer)) return
      world.crash(one.peer, { afterEffects: one.afterEffects })
      later(one.downMs, () => revive(run, one.peer))
      return
    case 'reboot':
      for (let index = 0; index < one.count; index++) {
        const name = grantors[(one.first + index) % grantors.length] ?? ''
        if (!world.isUp(name)) continue
        world.crash(name)
        later(50, () => revive(run, name))
      }
      return
    case 'isolate': {
      const handle = world.partition([[one.peer]])
      later(one.forMs, () => handle.remove())
      return
    }
    case 'pause':
      if (!world.isUp(one.peer)) return
      world.pause(one.peer)
      later(one.forMs, () => {
        if (world.isUp(one.peer)) world.resume(one.peer)
      })
      return
    case 'lose': {
      const handle = world.addRule('loss', loss(everyLink, 0.2))
      later(one.forMs, () => handle.remove())
      return
    }
    case 'handback':
      if (world.isUp('operator-0')) run.command('operator-0', 'handback', { model })
      return
    case 'revoke':
    case 'delegate':
      if (world.isUp('operator-0')) run.command('operator-0', one.kind, { model, standby: one.peer, temperature: 'warm' })
      return
  }
}

const revive = ({ world }: PrivateWorld, name: string): void => {
  if (!world.isUp(name)) world.restart(name)
}

function mend(run: PrivateWorld): void {
  run.world.heal()
  for (const name of [...operators, ...grantors]) revive(run, name)
}
