import { randomFrom } from '@infermesh/kernel'
import { must } from '@infermesh/protocol/oblivious'
import { encodeRsaKey, issuerKeyOf, issueToken, requestToken } from '@infermesh/protocol/tokens'
import { expect, test } from 'vitest'
import { seededSecrets } from '../../../test-support/oblivious-world.ts'
import { smallNetwork } from '../../../test-support/small-network.ts'
import { tokenChallengeOf } from '../../issuer/token-challenge.ts'
import { Till } from './till.ts'

const network = smallNetwork({ gateway: 2, issuer: 1 })
const oblivious = seededSecrets(randomFrom('till'))
const issuer = issuerKeyOf(oblivious.issuerKey())

test('a token pays once at its own gateway, and nowhere else', () => {
  const [token] = bought('gateway-0', 1)
  const [here, there] = [tillOf('gateway-0'), tillOf('gateway-1')]

  const paid = here.lock(token, 'first', 1_000, 0)
  expect(paid).toMatchObject({ ok: true, payment: { worth: 1_000 } })
  expect(here.lock(token, 'second', 1_000, 0)).toMatchObject({ ok: false })
  if (paid.ok) here.consume(paid.payment, 'first')
  expect(here.lock(token, 'third', 9_000, 5_000)).toMatchObject({ ok: false, detail: 'token 1 of 1 is spent' })
  expect(there.lock(token, 'first', 1_000, 0)).toMatchObject({ ok: false, detail: 'token 1 of 1 is not good here' })
})

test('one bad token, or one twice, locks none', () => {
  const till = tillOf('gateway-0')
  const [[first = new Uint8Array()], [second = new Uint8Array()]] = [bought('gateway-0', 2)[0], bought('gateway-0', 3)[0]]

  expect(till.lock([first, first], 'a', 1_000, 0)).toMatchObject({ ok: false })
  expect(till.lock([first, second.map((byte) => byte ^ 1)], 'b', 1_000, 0)).toMatchObject({ ok: false })
  expect(till.lock([first, second], 'c', 1_000, 0)).toMatchObject({ ok: true })
})

test('what bought no output is good again; what was spent stays spent after a restart', () => {
  const till = tillOf('gateway-0')
  const [released] = bought('gateway-0', 4)
  const [spent] = bought('gateway-0', 5)
  const [first, second] = [till.lock(released, 'a', 1_000, 0), till.lock(spent, 'b', 1_000, 0)]
  if (!first.ok || !second.ok) throw new Error('both must lock')
  till.release(first.payment, 'a')
  const saved = till.consume(second.payment, 'b').flatMap((effect) => (effect.type === 'save' ? [[effect.key, effect.value] as const] : []))

  const restarted = tillOf('gateway-0', new Map(saved))

  expect(till.lock(released, 'c', 1_000, 0).ok).toBe(true)
  expect(restarted.lock(spent, 'd', 1_000, 0).ok).toBe(false)
  expect(restarted.deposit()).toMatchObject([{ type: 'request', message: { type: 'DepositTokens', tokens: spent } }, { type: 'setTimer' }])
})

function tillOf(name: string, saved: ReadonlyMap<string, Uint8Array> = new Map()): Till {
  const till = new Till({ entriesMax: 100, depositEvery: 1_000 }, { ...network.servicesOf(name), oblivious })
  till.onStarted(saved)
  till.hear(network.signerOf('issuer-0').sign('tokenKey', { key: encodeRsaKey(issuer.key), worth: 1_000, from: 0, until: 100_000 }, 0))
  return till
}

/** One token for a gateway, as the one payment of a request. */
function bought(gateway: string, seed: number): readonly [readonly Uint8Array[]] {
  const { entropy } = seededSecrets(randomFrom(`token ${seed}`))
  const challenge = tokenChallengeOf(network.directory, network.idOf('issuer-0'), network.idOf(gateway))
  const draft = must(requestToken(oblivious.rsa, issuer, challenge, { nonce: entropy(32), salt: entropy(48), blind: entropy(272) }))
  return [[must(draft.finish(must(issueToken(oblivious.rsa, { privateKey: oblivious.issuerKey(), keyId: issuer.keyId }, draft.request))))]]
}
