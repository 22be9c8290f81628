import { identityFromSeed } from '@infermesh/protocol/node'
import { RunObserver, timelineOf } from '@infermesh/scenario'
import { readScenario } from '@infermesh/scenario/files'
import { createMessageWorld, lognormalLatency } from '@infermesh/sim'
import { buildMachine } from './network/build-machine.ts'
import { planNetwork } from './network/network-plan.ts'

const s = await readScenario(process.argv[2] ?? 'scenarios/private-owner-failover.yaml', { set: process.argv.slice(3) })
const sc = { ...s, peers: s.peers }
const plan = planNetwork(sc)
const o = new RunObserver(sc, plan.genesis)
const kinds: Record<string, number> = {}
const t0 = performance.now()
const w = createMessageWorld<any, any>({
  seed: 7,
  latency: lognormalLatency({ median: 40, p99: 180, seed: 7 }),
  peers: plan.peers.map((p) => ({
    name: p.name,
    role: p.role,
    peerId: identityFromSeed(p.identitySeed).peerId,
    createMachine: () => buildMachine(plan, p) as any,
  })),
  onRecord: (r: any) => {
    o.observe(r)
    kinds[r.event.type] = (kinds[r.event.type] ?? 0) + 1
    if (process.env.V === '2' ? r.event.type === 'entryLogged' && r.peer === 'settler-0' && r.event.kind !== 'receipt' : process.env.V && !['gossipDelivered', 'tokensMade', 'tokensReceived', 'leaseRenewed', 'leaseGranted','receiptIssued','balances','leafSettled','dispatched','executionStarted','executionEnded','requestServed','requestSent','requestEnded'].includes(r.event.type))
      console.log(r.at, r.peer, JSON.stringify(r.event).slice(0, 200))
  },
})
for (const a of timelineOf(sc))
  w.at(a.at, () => {
    if (a.type !== 'submit') {
      const f: any = a.fault
      const who = f.peers[0]
      if (a.type === 'apply') (w as any)[f.kind](who)
      else if (!w.isUp(who)) w.restart(who)
    } else {
      const { client, model, promptTokens, maxTokens, deadline } = a.arrival
      w.ask(
        client,
        {
          stream: 'control',
          message: { type: 'Command', name: 'submit', argument: JSON.stringify({ model, promptTokens, maxTokens, deadlineMs: deadline }) },
          timeout: 200000,
        },
        () => {},
      )
    }
  })
w.start()
w.run(120_000)
console.log(kinds)
const r = o.conclude({ world: 'message', virtualMs: w.now(), wallMs: performance.now() - t0, further: [] })
console.log(r.wallMs, w.load(), Object.fromEntries(Object.entries(r.metrics)))
for (const c of r.checks) if (!c.held) console.log(c)
