import { publish } from '@infermesh/kernel'
import { fromHex, type PeerMachine } from '@infermesh/protocol'
import { verifyEvidence } from '@infermesh/protocol/ledger'
import { everyLink, loss } from '@infermesh/sim'
import { expect, test } from 'vitest'
import { nodeCryptography } from '../../test-support/cryptography.ts'
import { type SettlementWorld, settlementWorld } from './test-support/settlement-world.ts'

const all = (count: number) => ({ 'settler-0': count, 'settler-1': count, 'settler-2': count, 'settler-3': count })

test('four settlers make every receipt final once, and all reach the same ledger', () => {
  const run = settlementWorld({ receipts: 20 })

  run.world.start()
  run.world.run(40_000)

  expect(settledBy(run)).toEqual(all(20))
  expect(divergence(run)).toEqual([])
  expect(conserved(run)).toBe(true)
  expect(run.events('slashed')).toEqual([])
  expect(run.events('verdictGiven').length).toBeGreaterThan(4)
  expect(run.events('verdictGiven').every(({ verdict }) => verdict === 'match')).toBe(true)
  expect(run.events('blockFinal').every(({ round }) => round === 0)).toBe(true)
})

test('no block is made while there is nothing to order', () => {
  const run = settlementWorld({ receipts: 4 })
  run.world.start()
  run.world.run(30_000)
  const blocks = run.events('blockFinal').length

  run.world.run(300_000)

  expect(settledBy(run)).toEqual(all(4))
  expect(run.events('blockFinal').length).toBe(blocks)
  expect(run.events('blockFinal').length).toBeLessThan(4 * 20)
})

test('one checkpoint of each block is gossiped, by the settler whose turn it is', () => {
  const published: string[] = []
  const counted = settlementWorld({
    receipts: 10,
    replace: (name, machine) =>
      name.startsWith('settler')
        ? {
            ...(machine.validate && { validate: machine.validate.bind(machine) }),
            handle(input, now) {
              const effects = machine.handle(input, now)
              for (const effect of effects) if (effect.type === 'publish' && effect.topic === 'checkpoints') published.push(name)
              return effects
            },
          }
        : machine,
  })

  counted.world.start()
  counted.world.run(30_000)

  expect(published.length).toBe(heightOf(counted))
  expect(new Set(published).size).toBe(4)
})

test('with one settler gone the others go on, and it catches up when it is back', () => {
  const run = settlementWorld({ receipts: 30 })
  run.world.start()
  run.world.at(2_000, () => run.world.crash('settler-1'))
  run.world.at(30_000, () => run.world.restart('settler-1'))

  run.world.run(28_000)
  const meanwhile = settledBy(run)['settler-0']
  run.world.run(60_000)

  expect(meanwhile).toBe(30)
  expect(settledBy(run)).toEqual(all(30))
  expect(divergence(run)).toEqual([])
})

test('with two of four gone nothing is made final; when they are back all is, once', () => {
  const run = settlementWorld({ receipts: 30 })
  run.world.start()
  run.world.at(2_500, () => {
    run.world.crash('settler-1')
    run.world.crash('settler-2')
  })
  run.world.run(4_000)
  const before = heightOf(run)

  // Longer than an entry may wait for what it depends on: these wait for settlers.
  run.world.run(200_000)
  const stalled = heightOf(run)
  run.world.restart('settler-1')
  run.world.restart('settler-2')
  run.world.run(250_000)

  expect(stalled).toBe(before)
  expect(settledBy(run)).toEqual(all(30))
  expect(divergence(run)).toEqual([])
  expect(conserved(run)).toBe(true)
})

test('a partition in the middle stops both sides, and healing brings one log', () => {
  const run = settlementWorld({ receipts: 30 })
  const here = ['settler-0', 'settler-1', 'operator-0', 'hub-0', 'verifier-0']
  const sides = [here, run.network.genesis.members.map(({ name }) => name).filter((name) => !here.includes(name))]
  run.world.start()
  run.world.at(2_500, () => run.world.partition(sides, 'cut'))
  run.world.at(15_000, () => run.world.heal())

  run.world.run(14_000)
  const during = heightOf(run)
  run.world.run(60_000)

  expect(during).toBeLessThan(heightOf(run))
  expect(settledBy(run)).toEqual(all(30))
  expect(divergence(run)).toEqual([])
})

test('with lost messages everywhere all still becomes final', () => {
  const run = settlementWorld({ receipts: 15, seed: 4 })
  run.world.start()
  run.world.addRule('loss', loss(everyLink, 0.2))

  run.world.run(120_000)

  expect(settledBy(run)).toEqual(all(15))
  expect(divergence(run)).toEqual([])
})

test('an operator that serves another model is caught, and slashed only after the appeal', () => {
  const run = settlementWorld({ operators: 2, receipts: 10, liars: ['operator-1'], audit: { ratePerMille: 1000 } })

  run.world.start()
  run.world.run(90_000)
  const [slash] = run.events('slashed')
  const appeals = run.events('auditDrawn').filter(({ stage, receipt }) => stage === 'appeal' && receipt === slash?.receipt)

  expect(new Set(run.events('slashed').map(({ accused }) => accused))).toEqual(new Set([run.network.idOf('operator-1')]))
  expect(appeals.length).toBeGreaterThan(0)
  expect(appeals.every(({ at }) => at < (slash?.at ?? 0))).toBe(true)
  expect(settledBy(run)).toEqual(all(10))
  expect(conserved(run)).toBe(true)
  const sealing = { networkId: run.network.genesis.networkId, crypto: nodeCryptography }
  for (const { evidence, accused } of run.events('slashed'))
    expect(verifyEvidence(fromHex(evidence), run.network.directory, sealing)).toMatchObject({ proves: true, accused })
})

test('verifiers that accuse without looking cost an honest operator nothing', () => {
  const run = settlementWorld({
    receipts: 10,
    audit: { ratePerMille: 1000 },
    verifier: (name) => (name === 'verifier-0' ? { conduct: 'accuse' } : {}),
  })

  run.world.start()
  run.world.run(90_000)

  expect(run.events('verdictGiven').some(({ verdict }) => verdict === 'mismatch')).toBe(true)
  expect(run.events('slashed')).toEqual([])
  expect(settledBy(run)).toEqual(all(10))
})

test('verifiers that never reveal hold nothing up for good', () => {
  const run = settlementWorld({ receipts: 10, audit: { ratePerMille: 1000 }, verifier: () => ({ conduct: 'silent' }) })

  run.world.start()
  run.world.run(120_000)

  expect(settledBy(run)).toEqual(all(10))
})

test('a verifier that restarts after it committed still reveals', () => {
  const run = settlementWorld({ verifiers: 1, receipts: 1, audit: { ratePerMille: 1000 } })
  run.world.start()
  while (run.events('verdictGiven').length === 0) run.world.step()

  run.world.crash('verifier-0')
  run.world.restart('verifier-0')
  run.world.run(run.world.now() + 30_000)

  expect(run.events('verdictGiven')).toHaveLength(1)
  expect(settledBy(run)).toEqual(all(1))
})

test('a settler that votes for two blocks is reported by the others, and stops nothing', () => {
  const run = settlementWorld({ receipts: 10, replace: (name, machine) => (name === 'settler-3' ? doubleVoter(machine) : machine) })
  const liar = run.network.signerOf('settler-3')
  const doubleVoter = (machine: PeerMachine): PeerMachine => ({
    handle: (input, now) =>
      machine.handle(input, now).flatMap((effect) => {
        if (effect.type !== 'publish' || effect.envelope.type !== 'vote' || effect.envelope.payload.kind !== 'prevote') return [effect]
        return [effect, publish('batches', liar.sign('vote', { ...effect.envelope.payload, blockId: 'ab'.repeat(32) }, now))]
      }),
  })

  run.world.start()
  run.world.run(30_000)

  expect(new Set(run.events('entryLogged').flatMap(({ kind }) => (kind === 'evidence' ? [kind] : [])))).toEqual(new Set(['evidence']))
  expect(new Set(run.events('slashed').map(({ accused }) => accused))).toEqual(new Set([liar.identity.peerId]))
  expect(settledBy(run)).toEqual(all(10))
})

test('a settler that makes final blocks up misleads nobody', () => {
  const liar = settlementWorld().network.signerOf('settler-3')
  const inventor = (machine: PeerMachine): PeerMachine => ({
    handle: (input, now) =>
      machine.handle(input, now).flatMap((effect) => {
        if (effect.type !== 'publish' || effect.envelope.type !== 'proposal') return [effect]
        const block = { ...effect.envelope.payload.block, entries: ['ab'.repeat(32)] }
        return [effect, publish('checkpoints', liar.sign('checkpoint', { block, precommits: [] }, now))]
      }),
  })
  const run = settlementWorld({ receipts: 10, replace: (name, machine) => (name === 'settler-3' ? inventor(machine) : machine) })

  run.world.start()
  run.world.run(40_000)

  expect(settledBy(run)).toEqual(all(10))
  expect(divergence(run)).toEqual([])
  expect(run.events('verdictGiven').length).toBeGreaterThan(0)
})

test('a full mempool drops what it cannot hold and says so', () => {
  const run = settlementWorld({ receipts: 20, every: 10, settler: () => ({ mempool: 5 }) })

  run.world.start()
  run.world.run(20_000)

  expect(run.events('dropped').some(({ queue }) => queue === 'settler mempool')).toBe(true)
  expect(divergence(run)).toEqual([])
})

test('a settler that censors an operator delays it by its own turns only', () => {
  const run = settlementWorld({ receipts: 10, settler: (name) => (name === 'settler-1' ? { censors: [operatorId] } : {}) })
  const operatorId = run.network.idOf('operator-0')

  run.world.start()
  run.world.run(40_000)

  expect(settledBy(run)).toEqual(all(10))
})

// A cut after every single effect of one settler, in the time in which it does all of its kinds of work.
test.each([
  ['comes back at once, in the middle of the vote', 20],
  ['comes back when the others have gone on', 6_000],
])('a settler that crashes between any two effects and %s loses no leaf, doubles none and never contradicts itself', (_when, downFor) => {
  const failures: string[] = []
  let cut = 0
  for (let isCut = true; isCut; cut++) {
    const run = settlementWorld({ receipts: 2, every: 100, verifiers: 1 })
    run.world.start()
    run.world.at(490, () => run.world.crash('settler-0', { afterEffects: cut + 1 }))
    while (run.world.isUp('settler-0') && run.world.now() < 9_000) run.world.step()
    isCut = !run.world.isUp('settler-0')
    run.world.at(run.world.now() + downFor, () => run.world.restart('settler-0'))
    run.world.run(20_000)
    const settled = settledBy(run)
    const hasLied = run.events('slashed').length > 0
    const isBehind = logSizeAt(run, 'settler-0') !== logSizeAt(run, 'settler-1')
    if (settled['settler-1'] !== 2 || divergence(run).length > 0 || isBehind || hasLied) failures.push(`${cut}: ${JSON.stringify(settled)}`)
  }

  expect(failures).toEqual([])
  expect(cut).toBeGreaterThan(50)
})

/** What it would find on its disk. */
const logSizeAt = (run: SettlementWorld, name: string): number =>
  [...run.world.store(name).keys()].filter((key) => key.startsWith('checkpoint/')).length

const divergence = (run: SettlementWorld): string[] => {
  const blocks = new Map<number, string>()
  return run.events('blockFinal').flatMap(({ height, stateRoot, logRoot, peer }) => {
    const first = blocks.get(height) ?? `${stateRoot} ${logRoot}`
    blocks.set(height, first)
    return first === `${stateRoot} ${logRoot}` ? [] : [`${peer} has another block ${height}`]
  })
}

const settledBy = (run: SettlementWorld): Record<string, number> => {
  const leaves = new Map<string, Set<string>>()
  for (const { peer, receipt, requestId, from } of run.events('leafSettled')) {
    const settled = leaves.get(peer) ?? new Set()
    if (settled.has(`${requestId}/${from}`)) throw new Error(`${peer} settled ${requestId} twice, the second time by ${receipt}`)
    leaves.set(peer, settled.add(`${requestId}/${from}`))
  }
  return Object.fromEntries([...leaves].map(([peer, settled]) => [peer, settled.size] as const).sort())
}

const heightOf = (run: SettlementWorld): number => Math.max(...run.events('blockFinal').map(({ height }) => height))

const conserved = (run: SettlementWorld): boolean => {
  const genesis = run.network.genesis.members.reduce((sum, { balance }) => sum + balance, 0)
  return run.events('balances').every(({ total, escrow }) => total === genesis && escrow >= 0)
}
