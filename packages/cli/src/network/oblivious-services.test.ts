import { randomFrom } from '@infermesh/kernel'
import { identityFromSeed, seedOf } from '@infermesh/protocol/node'
import { must } from '@infermesh/protocol/oblivious'
import { decodeToken, issuerKeyOf, issueToken, requestToken, verifyToken } from '@infermesh/protocol/tokens'

import { resolveScenario, scenario } from '@infermesh/scenario'
import { expect, test } from 'vitest'
import { machineBuilder } from './build-machine.ts'
import { planNetwork } from './network-plan.ts'
import { seededSecrets, systemSecrets } from './oblivious-services.ts'
import { peerServices } from './peer-services.ts'

const plan = planNetwork(resolveScenario(scenario({ name: 'secrets', about: 'A relay.', peers: { relay: 1 } })))
const identity = identityFromSeed(seedOf('secrets', 'relay-0'))
const seeds = { run: plan.runSeed, platform: plan.platformSeed }

test('peers draw secrets that no seed repeats, unless a virtual world asks for it', () => {
  const drawn = [0, 1].map(() => peerServices(plan.genesis, identity, seeds).oblivious?.entropy(16).join())
  const repeated = [0, 1].map(() =>
    peerServices(plan.genesis, identity, { ...seeds, secrets: 'seeded' })
      .oblivious?.entropy(16)
      .join(),
  )

  expect(drawn[0]).not.toBe(drawn[1])
  expect(repeated[0]).toBe(repeated[1])
})

test('a machine is built with the secrets that its network has', () => {
  const [peer] = plan.peers
  if (peer === undefined) throw new Error('the plan has a relay')
  const drawn = (network: Parameters<typeof machineBuilder>[0]) => machineBuilder(network, peer).services.oblivious?.entropy(16).join()

  expect(drawn({ ...plan, secrets: 'seeded' })).toBe(drawn({ ...plan, secrets: 'seeded' }))
  expect(drawn(plan)).not.toBe(drawn(plan))
})

test('nothing that travels to a peer process can ask for seeded secrets', () => {
  expect(JSON.stringify(plan.peers.map(({ config }) => config))).not.toContain('seeded')
})

test.each([
  ['system', systemSecrets()],
  ['sized', seededSecrets('sized', 'run', randomFrom('life'))],
  ['seeded', seededSecrets('seeded', 'run', randomFrom('life'))],
] as const)('the issuer key of %s secrets signs tokens that verify', (_, { rsa, entropy, issuerKey }) => {
  const privateKey = issuerKey()
  const issuer = issuerKeyOf(privateKey)
  const challenge = Uint8Array.of(1, 2, 3)
  const draft = must(requestToken(rsa, issuer, challenge, { nonce: entropy(32), salt: entropy(48), blind: entropy(272) }))
  const token = must(decodeToken(must(draft.finish(must(issueToken(rsa, { privateKey, keyId: issuer.keyId }, draft.request))))))

  expect(verifyToken(rsa, { issuers: [issuer], challengeDigests: [token.challengeDigest] }, token).ok).toBe(true)
})

test('equal runs have one issuer key, other runs another', () => {
  const keyOf = (run: string) => seededSecrets('seeded', run, randomFrom('any')).issuerKey().n

  expect(keyOf('run')).toBe(keyOf('run'))
  expect(keyOf('run')).not.toBe(keyOf('other'))
})

test('an issuer without a key gets one of its own from the operating system', () => {
  expect(systemSecrets().issuerKey().n).not.toBe(systemSecrets().issuerKey().n)
})

test('stand-ins have the lengths of the real arithmetic, for seals and for tokens', () => {
  const [real, sized] = (['seeded', 'sized'] as const).map((kind) => lengthsOf(seededSecrets(kind, 'run', randomFrom('life'))))

  expect(sized).toEqual(real)
})

/** Of everything on the wire between a buyer and an issuer, and of a sealed message. */
function lengthsOf({ rsa, entropy, issuerKey, primitives }: ReturnType<typeof systemSecrets>): readonly number[] {
  const privateKey = issuerKey()
  const issuer = issuerKeyOf(privateKey)
  const draft = must(requestToken(rsa, issuer, Uint8Array.of(1), { nonce: entropy(32), salt: entropy(48), blind: entropy(272) }))
  const signature = must(issueToken(rsa, { privateKey, keyId: issuer.keyId }, draft.request))
  const { publicKey } = primitives.keyPair(entropy(32))
  const sealed = primitives.seal({ aead: 1, key: entropy(16), nonce: entropy(12), aad: entropy(3) }, entropy(100))
  return [draft.request, signature, must(draft.finish(signature)), publicKey, sealed].map(({ length }) => length)
}
