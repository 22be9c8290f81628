/** JSON in which a `Uint8Array` survives, as `{"$bytes": "<base64>"}`: peers' messages hold keys and signatures. */
export function stringifyWithBytes(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, plain: unknown) {
    // `plain` of a Buffer is what its toJSON made of it, so the original is looked up.
    const original = this[key]
    return original instanceof Uint8Array ? { $bytes: Buffer.from(original).toString('base64') } : plain
  })
}

/** The inverse of `stringifyWithBytes`. Throws SyntaxError on text that is no JSON. */
export function parseWithBytes(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('$bytes' in value)) return value
    return typeof value.$bytes === 'string' ? new Uint8Array(Buffer.from(value.$bytes, 'base64')) : value
  })
}
