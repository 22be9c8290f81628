/** Something the user can mend: told in one message, without a stack. Exit code 2. */
export class UserError extends Error {
  override readonly name = 'UserError'
}
