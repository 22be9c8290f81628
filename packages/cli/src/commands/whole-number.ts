import { UserError } from '../user-error.ts'

export function wholeNumber(flag: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new UserError(`${flag}: expected a whole number from 0, found ${text}`)
  return value
}
