/** Bytes from another peer were not what the protocol says. A peer's fault: the world turns it into a refusal. */
export class DecodeFailed extends Error {
  override readonly name = 'DecodeFailed'
  readonly path: string

  constructor(path: string, expected: string, found: string) {
    super(`${path}: expected ${expected}, found ${found}`)
    this.path = path
  }
}
