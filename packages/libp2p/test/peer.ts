import {
  type Effect,
  type GossipVerdict,
  type Input,
  type Job,
  type Machine,
  type PeerId,
  randomFrom,
  type TraceEvent,
} from '@infermesh/kernel'
import { createHost, type Host, type HostOptions, MemoryStore, type Store, tcpLink } from '../src/index.ts'
import { identityOf } from './identities.ts'
import { type Note, noteCodec, type Rumour } from './note-codec.ts'

export type NoteInput = Input<Note, Rumour>
export type NoteEffect = Effect<Note, Rumour>
export type React = (input: NoteInput, now: number) => readonly NoteEffect[]

export interface TestPeerInit {
  readonly name: string
  readonly react?: React
  readonly validate?: (envelope: Rumour) => GossipVerdict
  readonly store?: Store
  readonly options?: Partial<HostOptions>
}

/** A real host with a scripted machine, which remembers all it was handed. */
export class TestPeer {
  readonly name: string
  readonly id: PeerId
  readonly host: Host
  readonly inputs: NoteInput[] = []
  readonly events: TraceEvent[] = []
  readonly fatal: { readonly error: Error; readonly input: Input | undefined }[] = []
  react: React
  readonly #waiting = new Set<() => void>()

  constructor(init: TestPeerInit) {
    this.name = init.name
    this.react = init.react ?? (() => [])
    const identity = identityOf(init.name)
    this.id = identity.peerId
    const started = performance.now()
    this.host = createHost({
      name: init.name,
      identity,
      codec: noteCodec,
      createMachine: () => this.#machine(init.validate),
      store: init.store ?? new MemoryStore(),
      now: () => Math.floor(performance.now() - started),
      random: randomFrom(init.name),
      emit: (event) => {
        this.events.push(event)
        this.#notify()
      },
      compute: (job) => steps(job),
      link: tcpLink(),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      streams: ['ask', 'tell'],
      topics: ['news'],
      onFatal: (error, input) => {
        this.fatal.push({ error, input })
        this.#notify()
      },
      onMesh: () => this.#notify(),
      ...init.options,
    })
  }

  /** Waits for a state, looking again whenever something happened. */
  async until(holds: () => boolean, what: string): Promise<void> {
    if (holds()) return
    await new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.#waiting.delete(look)
        reject(new Error(`${this.name}: no ${what} within ${DEADLINE} ms; inputs were ${this.inputs.map((input) => input.type).join(' ')}`))
      }, DEADLINE)
      const look = () => {
        if (!holds()) return
        clearTimeout(deadline)
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
    })
  }

  /** The inputs of one type, once there are enough of them. */
  async heard<T extends NoteInput['type']>(type: T, count = 1): Promise<Extract<NoteInput, { readonly type: T }>[]> {
    const select = () => this.inputs.filter((input): input is Extract<NoteInput, { readonly type: T }> => input.type === type)
    await this.until(() => select().length >= count, `${count} ${type}`)
    return select()
  }

  /** Lets the machine perform effects on the spot. */
  perform(...effects: readonly NoteEffect[]): void {
    this.#next.push(effects)
    this.host.inject({ type: 'timer', key: DO })
  }

  readonly #next: (readonly NoteEffect[])[] = []

  #machine(validate: TestPeerInit['validate']): Machine<Note, Rumour> {
    const handle = (input: NoteInput, now: number) => {
      if (input.type === 'timer' && input.key === DO) return this.#next.shift() ?? []
      this.inputs.push(input)
      const effects = this.react(input, now)
      this.#notify()
      return effects
    }
    return validate === undefined ? { handle } : { handle, validate: (_, envelope) => validate(envelope) }
  }

  #notify(): void {
    for (const look of [...this.#waiting]) look()
  }
}

/** Starts peers that know each other's addresses, and stops them after `use`. */
export async function withPeers(inits: readonly TestPeerInit[], use: (...peers: TestPeer[]) => Promise<void>): Promise<void> {
  const peers = inits.map((init) => new TestPeer(init))
  try {
    await Promise.all(peers.map((peer) => peer.host.start()))
    introduce(peers)
    await use(...peers)
  } finally {
    await Promise.all(peers.map((peer) => peer.host.stop()))
  }
}

/** Everyone learns everyone's address. */
export function introduce(peers: readonly TestPeer[]): void {
  for (const peer of peers) for (const other of peers) if (peer !== other) peer.host.know(other.id, other.host.addresses())
}

async function* steps(job: Job) {
  const count = 'count' in job && typeof job.count === 'number' ? job.count : 0
  for (let step = 1; step <= count; step++) yield { result: { ok: true, value: step } as const, last: step === count }
  if (job.kind === 'broken') throw new Error('the model is broken')
}

const DEADLINE = 8000
const DO = 'test/do'
