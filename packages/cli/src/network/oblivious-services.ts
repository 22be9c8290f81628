import { checkPrimeSync, generateKeyPairSync, randomBytes } from 'node:crypto'
import { type Random, randomFrom } from '@infermesh/kernel'
import { type ObliviousServices, sizedPrimitives } from '@infermesh/protocol/oblivious'
import { nodePrimitives } from '@infermesh/protocol/oblivious/node'
import { type RsaPrivateKey, sizedRsa } from '@infermesh/protocol/tokens'
import { nodeRsa, rsaKeyFromPem } from '@infermesh/protocol/tokens/node'

// Both keep what they derived from keys, so all peers of a process share them.
const primitives = nodePrimitives()
const rsa = nodeRsa()

/** Secrets from the operating system: what every peer gets that is not told otherwise. */
export function systemSecrets(): ObliviousServices {
  return {
    primitives,
    rsa,
    entropy: (length) => new Uint8Array(randomBytes(length)),
    issuerKey: () =>
      rsaKeyFromPem(generateKeyPairSync('rsa', { modulusLength: RSA_BITS }).privateKey.export({ format: 'pem', type: 'pkcs8' }) as string),
  }
}

/** What a virtual world's peers seal with: the real arithmetic, or stand-ins of the same lengths that protect nothing. */
export type SeededSecrets = 'seeded' | 'sized'

/** Secrets from a seed, for virtual worlds only: whoever has the seed has the secrets. `life` differs after each restart. */
export function seededSecrets(kind: SeededSecrets, run: string, life: Random): ObliviousServices {
  return {
    ...(kind === 'sized' ? { primitives: sizedPrimitives, rsa: sizedRsa } : { primitives, rsa }),
    entropy: (length) => drawn(life, length),
    issuerKey: () => seededKey(run),
  }
}

/** Four bytes from each draw. */
function drawn(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0, word = 0; index < length; index++) {
    word = index % 4 === 0 ? random.below(0x1_0000_0000) : word >>> 8
    bytes[index] = word
  }
  return bytes
}

const seededKeys = new Map<string, RsaPrivateKey>()

function seededKey(run: string): RsaPrivateKey {
  const known = seededKeys.get(run)
  if (known !== undefined) return known
  const random = randomFrom(`${run}/issuer key`)
  const [p, q] = [primeFrom(random.fork('p')), primeFrom(random.fork('q'))]
  const key = { n: p * q, e: EXPONENT, d: inverse(EXPONENT, (p - 1n) * (q - 1n)), p, q }
  seededKeys.set(run, key)
  return key
}

/** With the two top bits set, so that the product of two has all its bits; and one more than no multiple of the exponent. */
function primeFrom(random: Random): bigint {
  for (;;) {
    let value = 3n
    for (let bit = 2; bit < RSA_BITS / 2; bit += 16) value = (value << 16n) | BigInt(random.below(65_536))
    value = (value & ((1n << BigInt(RSA_BITS / 2)) - 1n)) | (3n << BigInt(RSA_BITS / 2 - 2)) | 1n
    if (value % EXPONENT !== 1n && checkPrimeSync(value)) return value
  }
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [old, now, oldFactor, factor] = [value, modulus, 1n, 0n]
  while (now !== 0n) {
    const quotient = old / now
    ;[old, now] = [now, old - quotient * now]
    ;[oldFactor, factor] = [factor, oldFactor - quotient * factor]
  }
  return ((oldFactor % modulus) + modulus) % modulus
}

const RSA_BITS = 2_048
const EXPONENT = 65_537n
