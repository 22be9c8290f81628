import { generateKeyPairSync } from 'node:crypto'
import { rsaKeyFromPem } from '@infermesh/protocol/tokens/node'
import { expect, test } from 'vitest'
import { endOf } from '../../test-support/answers.ts'
import { type ObliviousWorldOptions, obliviousWorld } from '../../test-support/oblivious-world.ts'
import { published } from '../../test-support/serving-world.ts'

const ask = { model: published.model, prompt: 'What does the contract say?', maxTokens: 100, seed: 7 }
const tokens = { lot: 4, answerTokens: 128, promptTokens: 1024, worth: 1_000 }
const market: ObliviousWorldOptions = {
  settlers: 1,
  client: { tokens },
  gateway: { payment: 'tokens' },
  // Each life would draw another: what it signs with must come from its disk.
  issuerKey: () =>
    rsaKeyFromPem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' }) as string),
}

test('coins go from clients over the issuer to the gateway that served: for what was bought, and for what was spent', () => {
  const run = obliviousWorld(market)
  const { heard } = run.submit(ask)
  run.world.run(60_000)

  expect(endOf(heard).outcome).toBe('ok')
  expect(kindsLogged(run)).toMatchObject({ tokenOrder: 1, tokenPayout: 1 })
  expect(run.events('tokensSold')).toMatchObject([{ count: 4 }])
  expect(run.events('tokensPaidOut')).toMatchObject([{ number: 0, count: 2, amount: 2_000 }])
  expect(run.events('tokensDeposited')).toMatchObject([{ count: 2, refused: 0 }])
})

test('no token is signed before the order for it is final', () => {
  const run = obliviousWorld({ ...market, readyAt: 0 })
  run.world.run(10_000)

  const order = run.records.findIndex(({ event }) => event.type === 'entryLogged' && event.kind === 'tokenOrder')
  const sale = run.records.findIndex(({ event }) => event.type === 'tokensSold')

  expect(order).toBeGreaterThan(0)
  expect(sale).toBeGreaterThan(order)
})

test('an issuer that crashed goes on with the key that it had: tokens of before are good, and each is paid once', () => {
  const run = obliviousWorld(market)
  run.world.crash('issuer-0')
  run.world.run(6_000)
  run.world.restart('issuer-0')
  const { heard } = run.submit(ask)
  run.world.run(20_000)
  // Taken back, and perhaps paid: whatever it knew of that must be on its disk.
  for (const at of [20_003, 26_001, 31_007, 44_000]) {
    run.world.run(at)
    run.world.crash('issuer-0')
    run.world.run(at + 500)
    run.world.restart('issuer-0')
  }
  run.world.run(90_000)

  expect(endOf(heard).outcome).toBe('ok')
  expect(run.events('tokensDeposited')).toMatchObject([{ count: 2, refused: 0 }])
  expect(kindsLogged(run)).toMatchObject({ tokenPayout: 1 })
})

test('a buyer whose answer was lost shows its order again, and pays once', () => {
  let lost = 0
  const run = obliviousWorld({
    ...market,
    replace: (name, machine) =>
      name === 'issuer-0'
        ? {
            ...(machine.validate === undefined ? {} : { validate: machine.validate.bind(machine) }),
            handle: (input, now) =>
              machine.handle(input, now).filter((effect) => {
                const isSale = effect.type === 'respond' && effect.message.type === 'TokensSold'
                return !isSale || lost++ > 0
              }),
          }
        : machine,
  })
  run.world.run(30_000)
  const { heard } = run.submit(ask)
  run.world.run(60_000)

  expect(lost).toBeGreaterThan(1)
  expect(endOf(heard).outcome).toBe('ok')
  expect(run.events('tokensSold').length).toBe(lost)
  expect(kindsLogged(run)).toMatchObject({ tokenOrder: 1 })
})

test('who has no coins gets no tokens, and is told so', () => {
  const run = obliviousWorld({ ...market, balance: 3_999 })
  const { heard } = run.submit({ ...ask, deadlineMs: 20_000 })
  run.world.run(60_000)

  expect(endOf(heard).outcome).toBe('failed')
  expect(run.events('tokensSold')).toEqual([])
  expect(kindsLogged(run)).toEqual({ manifest: 1 })
})

function kindsLogged(run: ReturnType<typeof obliviousWorld>): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { kind, peer } of run.events('entryLogged')) if (peer === 'settler-0') counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
