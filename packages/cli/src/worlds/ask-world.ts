import type { AnyMessage } from '@infermesh/kernel'
import type { Envelope, Message } from '@infermesh/protocol'
import type { MessageWorld } from '@infermesh/sim'

/** Either virtual world: one steps by call, the other by promise. */
type VirtualWorld = Pick<MessageWorld<Message, Envelope>, 'ask'> & { step(): boolean | Promise<boolean> }

/** Runs a virtual world on until the peer has answered. */
export async function askWorld(world: VirtualWorld, peer: string, message: Message): Promise<AnyMessage> {
  let settled: { readonly message?: AnyMessage } | undefined
  world.ask(peer, { stream: 'fetch', message, timeout: 5_000 }, (answer) => {
    settled ??= answer.type === 'response' ? { message: answer.message } : {}
  })
  while (settled === undefined && (await world.step())) {
    // Each step may bring the answer.
  }
  if (settled?.message === undefined) throw new Error(`${peer} gave no answer to ${message.type}`)
  return settled.message
}
