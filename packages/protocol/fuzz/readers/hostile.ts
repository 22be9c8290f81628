import type { Random } from '@infermesh/kernel'

/** Good bytes with some changed, cut, doubled, moved or put in; now and then noise. */
export function hostile(good: Uint8Array, random: Random): Uint8Array {
  if (random.below(20) === 0) return bytesFrom(random, random.below(200))
  let bytes = Uint8Array.from(good)
  for (let change = random.below(3); change >= 0; change--) bytes = changed(bytes, random)
  return bytes
}

export const bytesFrom = (random: Random, length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256))

function changed(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length + 1)
  switch (random.below(5)) {
    case 0:
      return bytes.slice(0, at)
    case 1:
      return Uint8Array.from([...bytes.subarray(0, at), random.below(256), ...bytes.subarray(at)])
    case 2:
      return Uint8Array.from([...bytes.subarray(at), ...bytes.subarray(0, at)])
    case 3:
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(Math.max(0, at - random.below(30)))])
    default: {
      const copy = Uint8Array.from(bytes)
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
      return copy
    }
  }
}
