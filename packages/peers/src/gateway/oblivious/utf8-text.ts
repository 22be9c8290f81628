/** The text of UTF-8 bytes, or `undefined` where they are none. `TextDecoder` belongs to platforms, not to the language. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  let escaped = ''
  for (const byte of bytes) escaped += `%${byte < 16 ? '0' : ''}${byte.toString(16)}`
  try {
    return decodeURIComponent(escaped)
  } catch (failure) {
    if (failure instanceof URIError) return undefined
    throw failure
  }
}
