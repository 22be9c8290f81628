import type { Cryptography } from '@infermesh/kernel'
import { sameBytes, toHex } from '@infermesh/protocol'

/** The same answers, but a signature that verified once is not worked out again: in a test all peers share one process. */
export function rememberingCryptography(real: Cryptography): Cryptography {
  const verified = new Map<string, { readonly publicKey: Uint8Array; readonly bytes: Uint8Array }>()
  return {
    ...real,
    verify(publicKey, bytes, signature) {
      const name = toHex(signature)
      const known = verified.get(name)
      if (known !== undefined && sameBytes(known.publicKey, publicKey) && sameBytes(known.bytes, bytes)) return true
      if (!real.verify(publicKey, bytes, signature)) return false
      verified.set(name, { publicKey, bytes })
      return true
    },
  }
}
