import { type Message, type PeerEffect, saltLengthOf } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { endOf, rangesOf, tokensOf } from '../../test-support/answers.ts'
import { nodeCryptography } from '../../test-support/cryptography.ts'
import { type ObliviousWorld, obliviousWorld } from '../../test-support/oblivious-world.ts'
import { published } from '../../test-support/serving-world.ts'
import { utf8Bytes } from '../client/utf8.ts'
import { referenceAnswer } from '../operator/answer.ts'
import { weightsFrom } from '../operator/reference-weights.ts'

const { hash } = nodeCryptography
const ask = { model: published.model, prompt: 'What does the contract say?', maxTokens: 100, seed: 7 }
const tokens = { lot: 8, answerTokens: 128, promptTokens: 1024, worth: 1_000 }
const slots = { kind: 'slots', bytes: 1024, every: 50, classes: [32, 64] } as const

test('a sealed request gets the answer of an open one, token for token, with receipts that cover it', () => {
  const run = obliviousWorld()

  const { heard } = run.submit(ask)
  run.world.run(20_000)

  expect(tokensOf(heard)).toEqual(expected())
  expect(rangesOf(heard)).toEqual([
    [0, 64],
    [64, 100],
  ])
  expect(endOf(heard)).toMatchObject({ outcome: 'ok', usage: { promptTokens: 7 }, charged: 7 + 200 })
})

test.each([{ kind: 'events' } as const, { kind: 'whole', padding: { kind: 'padme' } } as const, slots])(
  'an answer paced as $kind is whole',
  (answers) => {
    const run = obliviousWorld({ gateway: { answers } })

    const { heard } = run.submit(ask)
    run.world.run(20_000)

    expect(tokensOf(heard)).toEqual(expected())
    expect(run.events('sealedEnded')).toMatchObject([{ outcome: 'whole' }])
  },
)

test('the gateway never hears from the client, nor the relay what is asked', () => {
  const heard: { readonly peer: string; readonly from: string; readonly text: string }[] = []
  const run = obliviousWorld({
    replace: (name, machine, network) => ({
      ...(machine.validate === undefined ? {} : { validate: machine.validate.bind(machine) }),
      handle(input, now) {
        if ('from' in input && input.type === 'request') {
          const bytes = Object.values(input.message).filter((field): field is Uint8Array => field instanceof Uint8Array)
          heard.push({
            peer: name,
            from: network.directory.nameOf(input.from),
            text: bytes.map((field) => Buffer.from(field).toString('latin1')).join(),
          })
        }
        return machine.handle(input, now)
      },
    }),
  })

  run.submit(ask)
  run.world.run(20_000)

  const at = (role: string) => heard.filter(({ peer }) => peer.startsWith(role))
  expect(at('gateway').some(({ from }) => from.startsWith('client'))).toBe(false)
  expect(at('operator').some(({ text }) => text.includes(ask.prompt))).toBe(true)
  expect(at('relay').length).toBeGreaterThan(0)
  expect(at('relay').some(({ text }) => text.includes(ask.prompt))).toBe(false)
})

test('a relay that is down is left for another, under a new seal', () => {
  const run = obliviousWorld({ client: { relayChoice: 'sticky' } })
  const first = run.submit(ask)
  run.world.run(10_000)
  run.world.crash(relayOf(run, 0))
  run.world.run(12_000)
  const second = run.submit({ ...ask, prompt: 'again' })
  run.world.run(30_000)

  expect([endOf(first.heard), endOf(second.heard)]).toMatchObject([{ outcome: 'ok' }, { outcome: 'ok' }])
  const [, failed, retried] = run.events('sealedSent')
  expect(failed?.relay).not.toBe(retried?.relay)
  expect(failed?.sealed).not.toBe(retried?.sealed)
  expect(retried).toMatchObject({ requestId: failed?.requestId, attempt: 2 })
})

test('a request whose relay is lost on the way is not sent again: nobody said that nothing was done', () => {
  const run = obliviousWorld()
  const { heard } = run.submit(ask)
  run.world.run(4_500)
  run.world.crash(relayOf(run, 0))
  run.world.run(30_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'failed', code: 'upstream-lost' })
  expect(run.events('sealedSent')).toHaveLength(1)
  expect(run.events('executionStarted')).toHaveLength(1)
})

test('a gateway that is lost on the way is no ground for another try either', () => {
  const run = obliviousWorld({ gateways: 2 })
  const { heard } = run.submit(ask)
  run.world.run(4_500)
  run.world.crash(run.network.directory.nameOf(run.events('sealedSent')[0]?.gateway ?? ''))
  run.world.run(40_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'failed', code: 'upstream-lost' })
  expect(run.events('sealedSent')).toHaveLength(1)
})

test('a gateway that cannot be reached got nothing, so the request is sealed anew until it is back', () => {
  const run = obliviousWorld()
  run.world.crash('gateway-0')
  run.world.run(6_000)
  const { heard } = run.submit(ask)
  run.world.run(6_400)
  run.world.restart('gateway-0')
  run.world.run(40_000)

  expect(endOf(heard).outcome).toBe('ok')
  expect(new Set(run.events('sealedSent').map(({ sealed }) => sealed)).size).toBe(run.events('sealedSent').length)
  expect(run.events('sealedSent').length).toBeGreaterThan(1)
})

test('a client that hangs up at its relay is not told onwards', () => {
  const sent: Message[] = []
  const run = obliviousWorld({
    replace: (name, machine) =>
      name.startsWith('client')
        ? { handle: (input, now) => machine.handle(input, now).filter((effect) => !isForward(effect, sent)) }
        : machine,
  })
  run.submit(ask)
  run.world.run(4_100)
  const [message] = sent
  if (message === undefined) throw new Error('the client sent nothing')
  const hangUp = run.world.ask('relay-0', { stream: 'oblivious', message, timeout: 60_000 }, () => undefined)
  run.world.run(4_500)
  hangUp()
  run.world.run(20_000)

  expect(run.events('executionEnded')).toMatchObject([{ outcome: 'done', tokens: 100 }])
})

test('a caller that hangs up is not told onwards', () => {
  const run = obliviousWorld({ gateway: { answers: slots } })
  const { cancel } = run.submit(ask)
  run.world.run(4_300)
  cancel()
  run.world.run(30_000)

  expect(run.events('requestEnded')).toMatchObject([{ outcome: 'cancelled' }])
  expect(run.events('executionEnded')).toMatchObject([{ outcome: 'done', tokens: 100 }])
  expect(run.events('answerSealed')).toHaveLength(32)
})

test('tokens pay: locked before the work, spent at the first output, and taken back by the issuer', () => {
  const run = obliviousWorld({ client: { tokens, salted: true }, gateway: { payment: 'tokens' } })

  const { heard } = run.submit(ask)
  run.world.run(25_000)

  expect(endOf(heard).outcome).toBe('ok')
  expect(run.events('tokensSpent')).toMatchObject([{ count: 2 }])
  expect(run.events('tokensDeposited')).toMatchObject([{ count: 2, refused: 0 }])
  expect(run.events('relayBilled')).toEqual([])
})

test('a request that pays too little is refused under the seal, and starts no work', () => {
  const run = obliviousWorld({ gateway: { payment: 'tokens' } })

  const { heard } = run.submit(ask)
  run.world.run(20_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'failed', code: 'payment-refused' })
  expect(run.events('executionStarted')).toEqual([])
  expect(run.events('sealedRefused')).toEqual([])
})

test('tokens that bought nothing are good again', () => {
  const run = obliviousWorld({ client: { tokens: { ...tokens, lot: 2 } }, gateway: { payment: 'tokens' } })
  const refused = run.submit({ ...ask, model: 'nobody/nothing@1.0' })
  run.world.run(20_000)
  const sold = run.events('tokensSold').length
  const served = run.submit(ask)
  run.world.run(40_000)

  expect(endOf(refused.heard)).toMatchObject({ outcome: 'failed', code: 'unknown-model' })
  expect(endOf(served.heard).outcome).toBe('ok')
  expect(run.events('tokensSold').length - sold).toBeLessThanOrEqual(1)
  expect(run.events('tokensSpent')).toMatchObject([{ count: 2 }])
})

test('keys change: the old one still opens for a while, then its holder is told and seals anew', () => {
  const run = obliviousWorld({ gateway: { keyLife: 3_000, keyOverlap: 1_000 } })

  for (let at = 4_000; at < 30_000; at += 1_300) {
    run.submit({ ...ask, maxTokens: 5, prompt: `at ${at}` })
    run.world.run(at + 1_300)
  }
  run.world.run(40_000)

  const outcomes = run.events('requestEnded').map(({ outcome }) => outcome)
  expect(outcomes.length).toBe(20)
  expect(new Set(outcomes)).toEqual(new Set(['ok']))
  expect(new Set(run.events('keysPublished').map(({ keyId }) => keyId)).size).toBeGreaterThan(5)
})

test('salt is part of no price, and gives equal prompts unequal hashes', () => {
  const run = obliviousWorld({ client: { salted: true } })

  run.submit(ask)
  run.submit(ask)
  run.world.run(20_000)

  const sent = run.events('requestSent')
  expect(sent.map(({ promptTokens }) => promptTokens)).toEqual([7, 7])
  expect(saltLengthOf(utf8Bytes(ask.prompt))).toBe(0)
  expect(new Set(run.events('requestEnded').map(({ outputHash }) => outputHash)).size).toBe(2)
})

test('equal seeds give equal runs, to the byte that is sealed', () => {
  const hashes = [0, 1].map(() => {
    const run = obliviousWorld({
      client: { tokens },
      gateway: { payment: 'tokens', answers: slots },
      relay: { delay: { kind: 'exponential', mean: 100 } },
    })
    run.submit(ask)
    run.world.run(20_000)
    return [run.world.traceHash(), ...run.events('sealedSent').map(({ sealed }) => sealed)]
  })

  expect(hashes[0]).toHaveLength(2)
  expect(hashes[1]).toEqual(hashes[0])
})

/** Keeps a sealed request from leaving, and has it. */
function isForward(effect: PeerEffect, sent: Message[]): boolean {
  if (effect.type !== 'request' || effect.message.type !== 'Forward') return false
  sent.push(effect.message)
  return true
}

function expected(): readonly number[] {
  const weightsRoot = hash(weightsFrom(hash, published.weights))
  return referenceAnswer({ hash, weightsRoot, prompt: utf8Bytes(ask.prompt), request: ask }).tokens(0, ask.maxTokens)
}

const relayOf = (run: ObliviousWorld, index: number): string => run.network.directory.nameOf(run.events('sealedSent')[index]?.relay ?? '')
