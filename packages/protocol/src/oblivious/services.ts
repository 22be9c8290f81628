import { assert } from '@infermesh/kernel'
import type { RsaPrimitives, RsaPrivateKey } from '../tokens/rsa.ts'
import type { HpkePrimitives } from './primitives.ts'

/** What sealing, opening and blind payment need beside a peer's other services. */
export interface ObliviousServices {
  readonly primitives: HpkePrimitives
  readonly rsa: RsaPrimitives
  /** Fresh secret bytes: from a seed in the virtual worlds, so that a run can be repeated, and from the operating system in the real one. */
  readonly entropy: (length: number) => Uint8Array
  /** Makes a private key for an issuer that has none yet; it keeps the key from then on. Asked of no other role. */
  readonly issuerKey: () => RsaPrivateKey
}

/** The services of a role that can't do without them. */
export function obliviousOf(services: { readonly oblivious?: ObliviousServices }): ObliviousServices {
  assert(services.oblivious !== undefined, 'this role seals or opens, and the world handed it nothing to do it with')
  return services.oblivious
}
