import type { Envelope, Message } from '@infermesh/protocol'
import type { MessageWorld } from '@infermesh/sim'
import type { NetworkPlan } from '../network/network-plan.ts'

/** Either virtual world: one runs by call, the other by promise. */
type StateWorld = Pick<MessageWorld<Message, Envelope>, 'ask' | 'isUp' | 'store' | 'now'> & { run(until: number): void | Promise<void> }

/** What one peer is at an instant: whether it runs, what it says of itself, what it has saved. */
export interface PeerState {
  readonly peer: string
  readonly role: string
  readonly up: boolean
  readonly status?: unknown
  /** Saved values by the front of their key: how many, how many bytes. */
  readonly saved: Readonly<Record<string, string>>
}

/** Asks every peer for its status. The run cannot go on as it was after that: the question is an input too. */
export async function peerStates(world: StateWorld, plan: NetworkPlan): Promise<readonly PeerState[]> {
  const answers = new Map<string, unknown>()
  const peers = plan.peers.filter(({ role }) => role !== 'client')
  for (const { name } of peers) {
    if (!world.isUp(name)) continue
    const message: Message = { type: 'Command', name: 'status', argument: '{}' }
    world.ask(name, { stream: 'control', message, timeout: 10 }, (answer) => answers.set(name, statusOf(answer)))
  }
  // A local question takes no virtual time; a paused peer stays silent.
  await world.run(world.now())
  return peers.map(({ name, role }) => ({
    peer: name,
    role,
    up: world.isUp(name),
    ...(answers.has(name) ? { status: answers.get(name) } : {}),
    saved: savedText(world.store(name)),
  }))
}

type Answer = Parameters<Parameters<StateWorld['ask']>[2]>[0]

function statusOf(answer: Answer): unknown {
  if (answer.type !== 'response') return answer.failure.code
  // What a peer answers to any command is this or a refusal.
  const message = answer.message as Message
  if (message.type === 'CommandDone') return JSON.parse(message.result) as unknown
  return message.type === 'Refused' ? undefined : message.type
}

function savedText(store: ReadonlyMap<string, Uint8Array>): Readonly<Record<string, string>> {
  const groups = new Map<string, { count: number; bytes: number }>()
  for (const [key, value] of store) {
    const front = key
      .split('/')
      .slice(0, 2)
      .join('/')
      .replace(/\d{4,}|[0-9a-f]{16,}/g, '*')
    const group = groups.get(front) ?? { count: 0, bytes: 0 }
    groups.set(front, { count: group.count + 1, bytes: group.bytes + value.length })
  }
  return Object.fromEntries([...groups].map(([front, { count, bytes }]) => [front, `${count} values, ${bytes} bytes`]))
}
