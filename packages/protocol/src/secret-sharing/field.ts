/** Arithmetic in GF(2⁸) with the AES polynomial x⁸+x⁴+x³+x+1. Addition is exclusive or. */

const POLYNOMIAL = 0x11b
const ORDER = 255

// 3 generates the multiplicative group: powers[i] = 3^i, and exponents is its inverse.
const powers = new Uint8Array(2 * ORDER)
const exponents = new Uint8Array(256)
for (let exponent = 0, value = 1; exponent < ORDER; exponent++) {
  powers[exponent] = value
  powers[exponent + ORDER] = value
  exponents[value] = exponent
  const doubled = value << 1
  value ^= doubled & 0x100 ? doubled ^ POLYNOMIAL : doubled
}

const at = (table: Uint8Array, index: number): number => table[index] ?? 0

export const multiply = (left: number, right: number): number =>
  left === 0 || right === 0 ? 0 : at(powers, at(exponents, left) + at(exponents, right))

/** `right` is not zero. */
export const divide = (left: number, right: number): number =>
  left === 0 ? 0 : at(powers, at(exponents, left) + ORDER - at(exponents, right))
