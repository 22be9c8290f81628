/** Something the user can mend: told in one message, without a stack. Exit code 2. */
export class UserError extends Error {
  override readonly name = 'UserError'
}

/** A machine threw, or the network spun: our bug, told with the line that does it again and the stack of what was thrown. Exit code 2. */
export class RunBroke extends Error {
  override readonly name = 'RunBroke'

  constructor(cause: Error, again: string) {
    super(`${cause.message}\nreplay: ${again}`, { cause })
  }

  /** The message, then where it began. */
  report(): string {
    let first: unknown = this.cause
    while (first instanceof Error && first.cause instanceof Error) first = first.cause
    return first instanceof Error ? `${this.message}\n\n${first.stack ?? ''}` : this.message
  }
}
