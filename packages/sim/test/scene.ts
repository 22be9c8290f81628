import { type AnyEnvelope, type AnyMessage, type Effect, type Input, type Machine, request, respond, setTimer } from '@infermesh/kernel'
import { constantLatency, createMessageWorld, type MessageWorld, type MessageWorldOptions } from '../src/index.ts'

type Inputs = { readonly now: number; readonly input: Input }[]
export type Behaviour = (input: Input) => readonly Effect[]

/** Scripted peers and what each was handed, for tests of faults. */
export interface Scene {
  readonly world: MessageWorld
  readonly log: Readonly<Record<string, Inputs>>
}

export function scene(
  behaviours: Readonly<Record<string, Behaviour>>,
  options: Partial<MessageWorldOptions<AnyMessage, AnyEnvelope>> = {},
): Scene {
  const log: Record<string, Inputs> = {}
  const peers = Object.entries(behaviours).map(([name, behaviour]) => {
    const inputs: Inputs = []
    log[name] = inputs
    const createMachine = (): Machine => ({
      handle(input, now) {
        inputs.push({ now, input })
        return behaviour(input)
      },
    })
    return { name, peerId: name, createMachine }
  })
  return { world: createMessageWorld({ seed: 5, latency: constantLatency(10), ...options, peers }), log }
}

export const ping = (number: number): AnyMessage & { readonly number: number } => ({ type: 'ping', number })
export const call = (to: string, number: number, stream = 'talk', timeout = 100_000): Effect =>
  request<AnyMessage>({ callId: `${stream}${number}`, to, stream, message: ping(number), timeout })
/** Sends `count` calls, one each `gap` ms. */
export const caller = (to: string, count: number, options: { gap?: number; stream?: string; timeout?: number } = {}): Behaviour => {
  const { gap = 1, stream = 'talk', timeout } = options
  return (input) => {
    if (input.type === 'started') return Array.from({ length: count }, (_, number) => setTimer(String(number), number * gap))
    return input.type === 'timer' ? [call(to, Number(input.key), stream, timeout)] : []
  }
}
export const echo: Behaviour = (input) => (input.type === 'request' ? [respond(input.id, input.message)] : [])
export const silent: Behaviour = () => []

export const numbersAt = (inputs: Inputs | undefined): readonly number[] =>
  (inputs ?? []).flatMap(({ input }) => (input.type === 'request' ? [(input.message as ReturnType<typeof ping>).number] : []))
export const times = (inputs: Inputs | undefined, type: Input['type']): readonly number[] =>
  (inputs ?? []).filter(({ input }) => input.type === type).map(({ now }) => now)
export const ascending = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)
