import type { Cryptography } from '@infermesh/kernel'
import { asciiBytes, concatBytes, type Envelope, toHex } from '@infermesh/protocol'
import { splitSecret } from '../../grantor/authority/protocol-parts.ts'
import { weightsFrom } from '../reference-weights.ts'
import type { OwnedModelConfig } from './config.ts'

const NONCE_BYTES = 12

/** All that an owner derives from its key and its configuration: the same after each restart, so nothing secret is on its disk. */
export interface OwnerSecrets {
  readonly weights: Uint8Array
  readonly weightsRoot: string
  readonly sealed: Uint8Array
  readonly blob: string
  readonly key: Uint8Array
}

export function ownerSecrets(crypto: Cryptography, privateKey: Uint8Array, { model, weights: source }: OwnedModelConfig): OwnerSecrets {
  const weights = weightsFrom(crypto.hash, source)
  const root = crypto.hash(weights)
  const key = derive(crypto, ['infermesh data key', model], privateKey, root)
  // One key seals one plaintext only, so a nonce that both decide is never used twice.
  const nonce = derive(crypto, ['infermesh seal nonce', model], key, root).subarray(0, NONCE_BYTES)
  const sealed = crypto.seal(key, nonce, weights)
  return { weights, weightsRoot: toHex(root), sealed, blob: toHex(crypto.hash(sealed)), key }
}

/** The share of each grantor, in genesis order. The same at each deposit, so that old and new shares fit together. */
export function keyShares(
  crypto: Cryptography,
  key: Uint8Array,
  sizes: { readonly threshold: number; readonly shares: number },
): readonly Uint8Array[] {
  const coefficients = Array.from({ length: sizes.threshold - 1 }, (_, degree) => derive(crypto, [`infermesh share ${degree + 1}`], key))
  return splitSecret(key, { ...sizes, randomness: concatBytes(...coefficients) })
}

/** The plain weights, if the key opens the blob and they are the ones that the manifest names. */
export function openWeights(
  crypto: Cryptography,
  key: Uint8Array,
  { sealed, manifest }: { readonly sealed: Uint8Array; readonly manifest: Envelope<'manifest'> },
): Uint8Array | undefined {
  const weights = crypto.open(key, sealed)
  return weights !== undefined && toHex(crypto.hash(weights)) === manifest.payload.weightsRoot ? weights : undefined
}

/** Each part is hashed by itself first, so that no byte can move from one into the next unseen. */
function derive(crypto: Cryptography, labels: readonly string[], ...parts: readonly Uint8Array[]): Uint8Array {
  return crypto.hash(concatBytes(...[...labels.map(asciiBytes), ...parts].map((part) => crypto.hash(part))))
}
