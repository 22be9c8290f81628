import { type ChildProcess, fork } from 'node:child_process'
import { closeSync } from 'node:fs'
import { assert } from '@infermesh/kernel'
import type { FromPeer, Listening, ToPeer } from '../peer/channel.ts'
import { logTail, openLog } from './log-file.ts'
import { stateOf } from './proc-files.ts'
import type { Reaper } from './reaper.ts'

/** `stopping` and `crashing`: the supervisor wants it gone, so its exit is no surprise. */
export type ProcessState = 'down' | 'starting' | 'running' | 'paused' | 'stopping' | 'crashing'

/** Why a process is gone: as the supervisor asked, or by itself. */
export type ProcessExit = { readonly cause: 'stopped' | 'crashed' } | { readonly cause: 'unexpected'; readonly detail: string }

export interface ProcessOptions {
  readonly name: string
  readonly file: string
  readonly log: string
  readonly env: NodeJS.ProcessEnv
  readonly execArgv: readonly string[]
  readonly bootTimeoutMs: number
  readonly stopTimeoutMs: number
  readonly reaper: Reaper
  readonly onMessage: (message: FromPeer) => void
  /** After the last message of the life that ended. */
  readonly onExit: (exit: ProcessExit) => void
}

/** A peer's process did not get as far as listening. The message ends with the last lines of its log. */
export class BootFailed extends Error {
  override readonly name = 'BootFailed'
}

/** One peer process through its lives: each boot is a new child of the same name, and the same log. */
export class PeerProcess {
  readonly name: string
  readonly log: string
  readonly #options: ProcessOptions
  #state: ProcessState = 'down'
  #child: ChildProcess | undefined
  #gone: Promise<void> = Promise.resolve()
  #fatal: string | undefined
  #booted: PromiseWithResolvers<readonly Listening[]> | undefined

  constructor(options: ProcessOptions) {
    this.name = options.name
    this.log = options.log
    this.#options = options
  }

  state(): ProcessState {
    return this.#state
  }

  pid(): number | undefined {
    return this.#child?.pid
  }

  /** Starts a child and resolves once its peers listen. */
  async boot(message: ToPeer & { type: 'boot' }): Promise<readonly Listening[]> {
    assert(this.#state === 'down', `${this.name} boots while it is ${this.#state}`)
    this.#state = 'starting'
    this.#fatal = undefined
    const booted = Promise.withResolvers<readonly Listening[]>()
    this.#booted = booted
    this.#launch()
    this.send(message)
    const timer = setTimeout(() => this.#onBootTimeout(), this.#options.bootTimeoutMs)
    try {
      return await booted.promise
    } finally {
      clearTimeout(timer)
    }
  }

  send(message: ToPeer): void {
    // A channel that is just closing reports through the callback; the exit that follows is what counts.
    if (this.#child?.connected) this.#child.send(message, () => undefined)
  }

  /** Kills at once, as a power cut would. Resolves when the process is gone. */
  async crash(): Promise<void> {
    await this.#end('crashing', () => this.#child?.kill('SIGKILL'))
  }

  /** Lets the peers close their connections and stores, and kills them when that takes too long. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), this.#options.stopTimeoutMs)
    await this.#end('stopping', () => {
      this.#child?.kill('SIGCONT')
      this.send({ type: 'stop' })
    })
    clearTimeout(timer)
  }

  /** Stops the process where it is, with its sockets open. Resolves when the system says that it stands still. */
  async pause(): Promise<void> {
    this.#require('running')
    this.#state = 'paused'
    this.#child?.kill('SIGSTOP')
    while (this.#state === 'paused' && stateOf(this.pid()) === 'moving') await new Promise(setImmediate)
  }

  resume(): void {
    this.#require('paused')
    this.#state = 'running'
    this.#child?.kill('SIGCONT')
  }

  #require(state: ProcessState): void {
    if (this.#state !== state) throw new Error(`expected ${this.name} to be ${state}, but it is ${this.#state}`)
  }

  async #end(state: 'stopping' | 'crashing', act: () => void): Promise<void> {
    // A kill overrides a tidy stop, never the other way round.
    if (this.#state !== 'down' && this.#state !== 'crashing') {
      this.#state = state
      act()
    }
    await this.#gone
  }

  #launch(): void {
    const { file, log, env, execArgv, reaper } = this.#options
    const descriptor = openLog(log)
    // Its own process group: Ctrl-C in the terminal reaches the supervisor only, which then stops its peers in order.
    const child = fork(file, [], {
      detached: true,
      serialization: 'advanced',
      stdio: ['ignore', descriptor, descriptor, 'ipc'],
      execArgv: [...execArgv],
      env,
    })
    closeSync(descriptor)
    if (child.pid !== undefined) reaper.add(child.pid)
    child.on('message', (message) => this.#onMessage(fromPeer(message)))
    this.#child = child
    this.#gone = goneOf(child).then((end) => {
      if (child.pid !== undefined) reaper.remove(child.pid)
      this.#onGone(end)
    })
  }

  #onMessage(message: FromPeer): void {
    if (message.type === 'fatal') this.#fatal = message.detail
    if (message.type === 'listening' && this.#state === 'starting') {
      this.#state = 'running'
      this.#booted?.resolve(message.peers)
    }
    this.#options.onMessage(message)
  }

  #onBootTimeout(): void {
    if (this.#state !== 'starting') return
    this.#fatal = `it was not listening after ${this.#options.bootTimeoutMs} ms`
    this.#child?.kill('SIGKILL')
  }

  #onGone(end: string): void {
    const was = this.#state
    this.#state = 'down'
    this.#child = undefined
    const detail = this.#fatal ?? end
    this.#booted?.reject(new BootFailed(this.#bootFailure(was, detail)))
    if (was === 'stopping') this.#options.onExit({ cause: 'stopped' })
    else if (was === 'crashing') this.#options.onExit({ cause: 'crashed' })
    else if (was !== 'starting') this.#options.onExit({ cause: 'unexpected', detail })
  }

  #bootFailure(was: ProcessState, detail: string): string {
    if (was !== 'starting') return `${this.name} was stopped while it was starting`
    const tail = logTail(this.log, 20)
    return `${this.name} did not start: ${detail}\nlast lines of ${this.log}:\n${tail === '' ? '(empty)' : tail}`
  }
}

/** Resolves with how the child ended, once it is gone and every message it sent has been read. */
async function goneOf(child: ChildProcess): Promise<string> {
  const drained = new Promise<void>((resolve) => {
    if (child.connected) child.once('disconnect', () => resolve())
    else resolve()
  })
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`))
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(`it could not be launched: ${error.message}`)
    })
  })
  const end = await ended
  if (child.pid !== undefined) await drained
  return end
}

/** Both ends of the channel are this package's own, from one build. */
function fromPeer(message: unknown): FromPeer {
  assert(typeof message === 'object' && message !== null && 'type' in message, 'a peer message has a type')
  return message as FromPeer
}
