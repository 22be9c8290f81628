import { Aes128Gcm, Aes256Gcm, AeadId as CoreAead, CipherSuite as CoreSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import * as panva from 'hpke'
import { expect, test } from 'vitest'
import { hpkeTerms, setupRecipient, setupSender } from './hpke.ts'
import { nodePrimitives } from './node/primitives.ts'
import { portablePrimitives } from './portable-primitives.ts'
import { AEAD, type SealingAead } from './primitives.ts'
import { must } from './result.ts'

const info = utf8ToBytes('interop')
const aad = utf8ToBytes('aad')
const messages = ['one', 'two', 'three'].map((text) => utf8ToBytes(text))
const AEADS: readonly SealingAead[] = [AEAD.aes128Gcm, AEAD.aes256Gcm, AEAD.chaCha20Poly1305]

for (const primitives of [portablePrimitives, nodePrimitives()]) {
  for (const aead of AEADS) {
    test(`the hpke package opens what the ${primitives.name} back end seals with AEAD ${aead}, and the other way round`, async () => {
      const suite = panvaSuite(aead)
      const theirs = await suite.GenerateKeyPair(true)
      const theirPublic = await suite.SerializePublicKey(theirs.publicKey)
      const sender = must(
        setupSender(primitives, hpkeTerms(primitives, { aead, info }), { recipient: theirPublic, ephemeral: pair(primitives, 1) }),
      )
      const recipient = await suite.SetupRecipient(theirs.privateKey, sender.enc, { info })
      for (const message of messages) expect(new Uint8Array(await recipient.Open(sender.seal(aad, message), aad))).toEqual(message)
      expect(new Uint8Array(await recipient.Export(aad, 42))).toEqual(new Uint8Array(sender.export(aad, 42)))

      const own = pair(primitives, 2)
      const { encapsulatedSecret, ctx } = await suite.SetupSender(await suite.DeserializePublicKey(own.publicKey), { info })
      const ours = must(
        setupRecipient(primitives, hpkeTerms(primitives, { aead, info }), { recipient: own, enc: new Uint8Array(encapsulatedSecret) }),
      )
      for (const message of messages) expect(must(ours.open(aad, new Uint8Array(await ctx.Seal(message, aad))))).toEqual(message)
    })
  }

  test(`@hpke/core opens what the ${primitives.name} back end seals, and the other way round`, async () => {
    for (const [aead, implementation] of [
      [AEAD.aes128Gcm, new Aes128Gcm()],
      [AEAD.aes256Gcm, new Aes256Gcm()],
    ] as const) {
      expect(implementation.id).toBe(aead === AEAD.aes128Gcm ? CoreAead.Aes128Gcm : CoreAead.Aes256Gcm)
      const suite = new CoreSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: implementation })
      const theirs = await suite.kem.generateKeyPair()
      const theirPublic = new Uint8Array(await suite.kem.serializePublicKey(theirs.publicKey))
      const sender = must(
        setupSender(primitives, hpkeTerms(primitives, { aead, info }), { recipient: theirPublic, ephemeral: pair(primitives, 1) }),
      )
      const recipient = await suite.createRecipientContext({ recipientKey: theirs.privateKey, enc: sender.enc, info })
      for (const message of messages) expect(new Uint8Array(await recipient.open(sender.seal(aad, message), aad))).toEqual(message)

      const own = pair(primitives, 2)
      const context = await suite.createSenderContext({ recipientPublicKey: await suite.kem.deserializePublicKey(own.publicKey), info })
      const ours = must(
        setupRecipient(primitives, hpkeTerms(primitives, { aead, info }), { recipient: own, enc: new Uint8Array(context.enc) }),
      )
      for (const message of messages) expect(must(ours.open(aad, new Uint8Array(await context.seal(message, aad))))).toEqual(message)
    }
  })
}

function panvaSuite(aead: SealingAead) {
  const cipher = { 1: panva.AEAD_AES_128_GCM, 2: panva.AEAD_AES_256_GCM, 3: panva.AEAD_ChaCha20Poly1305 }[aead]
  return new panva.CipherSuite(panva.KEM_DHKEM_X25519_HKDF_SHA256, panva.KDF_HKDF_SHA256, cipher)
}

const pair = (primitives: { keyPair(secret: Uint8Array): { secret: Uint8Array; publicKey: Uint8Array } }, seed: number) =>
  primitives.keyPair(new Uint8Array(32).fill(seed))
