import type { Millis } from '@infermesh/kernel'
import type { Message } from '@infermesh/protocol'
import type { Arrival, ScenarioCommand } from '@infermesh/scenario'

/** What a client peer is told to ask. */
export function submission({ model, promptTokens, maxTokens, deadline, prompt, passages, session }: Arrival): Message {
  const text = passages === undefined ? (prompt === undefined ? { promptTokens } : { prompt }) : { passages }
  const argument = JSON.stringify({ model, maxTokens, deadlineMs: deadline, ...text, ...(session === undefined ? {} : { session }) })
  return { type: 'Command', name: 'submit', argument }
}

/** What an owner's node is told, and how long it may take. */
export const commanded = ({
  name,
  argument,
}: ScenarioCommand): { readonly stream: string; readonly message: Message; readonly timeout: Millis } => ({
  stream: 'control',
  message: { type: 'Command', name, argument },
  timeout: COMMAND_WITHIN,
})

const COMMAND_WITHIN: Millis = 10_000

/** The turn that follows this one, and when it is due; nothing when the conversation is over or the load's time is up. */
export function turnAfter({ next }: Arrival, now: Millis): Arrival | undefined {
  if (next === undefined || now + next.pause >= next.until) return undefined
  return { ...next.arrival, at: now + next.pause }
}
