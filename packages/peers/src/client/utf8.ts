/** UTF-8 bytes of a text; a lone surrogate becomes U+FFFD. `TextEncoder` belongs to platforms, not to the language. */
export function utf8Bytes(text: string): Uint8Array {
  const raw: number[] = []
  for (const letter of text.toWellFormed()) appendCodePoint(raw, letter.codePointAt(0) ?? 0)
  return Uint8Array.from(raw)
}

function appendCodePoint(raw: number[], code: number): void {
  if (code < 0x80) {
    raw.push(code)
    return
  }
  const trailing = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3
  const lead = [0, 0xc0, 0xe0, 0xf0][trailing] ?? 0
  raw.push(lead | (code >> (6 * trailing)))
  for (let left = trailing - 1; left >= 0; left--) raw.push(0x80 | ((code >> (6 * left)) & 0x3f))
}
