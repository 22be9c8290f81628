import type { PeerId } from '@infermesh/kernel'
import type { Directory } from '@infermesh/protocol'
import { peerCalled, type Temperature } from './config.ts'

/** An owner's commands, checked. */
export type OwnerCommand =
  | {
      readonly name: 'delegate'
      readonly model: string
      readonly standby: PeerId
      readonly temperature: Temperature
      readonly priority: number | undefined
    }
  | { readonly name: 'revoke'; readonly model: string; readonly standby: PeerId }
  | { readonly name: 'handback'; readonly model: string }

const isOwnerCommand = (name: string): name is OwnerCommand['name'] => name === 'delegate' || name === 'revoke' || name === 'handback'
const isTemperature = (value: unknown): value is Temperature => value === 'cold' || value === 'warm' || value === 'hot'

/** The command, a sentence about what is wrong with its argument, or `undefined` when it is none of an owner's commands. */
export function readCommand(name: string, argument: string, directory: Directory): OwnerCommand | string | undefined {
  if (!isOwnerCommand(name)) return undefined
  const fields = readFields(argument)
  if (fields === undefined) return `${name}: expected a JSON object, found ${argument.slice(0, 40)}`
  const { model, standby, temperature = 'warm', priority } = fields
  if (typeof model !== 'string') return `${name}: expected "model" to be a model's name`
  if (name === 'handback') return { name, model }
  const member = typeof standby === 'string' ? directory.member(peerCalled(directory, standby)) : undefined
  if (member?.role !== 'operator') return `${name}: expected "standby" to name an operator, found ${JSON.stringify(standby)}`
  if (name === 'revoke') return { name, model, standby: member.peerId }
  if (!isTemperature(temperature)) return `${name}: expected "temperature" to be cold, warm or hot, found ${JSON.stringify(temperature)}`
  if (priority !== undefined && !isPriority(priority))
    return `${name}: expected "priority" from 0 to 255, found ${JSON.stringify(priority)}`
  return { name, model, standby: member.peerId, temperature, priority }
}

const isPriority = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255

function readFields(argument: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(argument)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch (failure) {
    if (failure instanceof SyntaxError) return undefined
    throw failure
  }
}
