import type { MetricFold, MetricValues, NetworkRecord, RecordOf } from './fold.ts'
import { Spread } from './spread.ts'

type Served = Extract<NetworkRecord['event'], { readonly type: 'kvServed' }>
type Observed = Extract<NetworkRecord['event'], { readonly type: 'kvObserved' }>

/** Prompt tokens that some operator has computed for a session, and where its last turn ran. */
interface Context {
  readonly tokens: number
  readonly peer: string
  /** The operator's life then: another life begins with empty memory. */
  readonly life: number
}

/** What operators' KV memory held, found and had to compute again. */
export class MemoryMetrics implements MetricFold {
  readonly watches = ['peerStarted', 'kvServed', 'kvObserved', 'digestTold'] as const
  readonly #used = new Spread()
  readonly #idle = new Spread()
  readonly #waiting = new Spread()
  readonly #digests = new Spread()
  readonly #contexts = new Map<string, Context>()
  readonly #lives = new Map<string, number>()
  /** Counters of each operator's life, at its last word. */
  readonly #counters = new Map<string, Observed>()
  #prompt = 0
  #cached = 0
  #loaded = 0
  #recomputed = 0
  #storm = 0
  #moved = 0
  #sessionsMax = 0

  observe({ event, peer }: RecordOf<(typeof this.watches)[number]>): void {
    if (event.type === 'peerStarted') this.#lives.set(event.name, (this.#lives.get(event.name) ?? 0) + 1)
    if (event.type === 'kvServed') this.#served(event, peer)
    if (event.type === 'kvObserved') this.#observed(event, peer)
    if (event.type === 'digestTold') this.#digests.add(event.bytes)
  }

  #served(event: Served, peer: string): void {
    const reused = event.cachedTokens + event.loadedTokens
    this.#prompt += event.promptTokens
    this.#cached += event.cachedTokens
    this.#loaded += event.loadedTokens
    this.#recomputed += event.recomputedTokens
    if (event.session === undefined) return
    const before = this.#contexts.get(event.session)
    const life = this.#lives.get(peer) ?? 0
    this.#contexts.set(event.session, { tokens: event.promptTokens, peer, life })
    if (before === undefined) return
    const again = Math.max(0, Math.min(before.tokens, event.promptTokens) - reused)
    this.#recomputed += again
    if (before.peer === peer && before.life === life) return
    this.#moved++
    this.#storm += again
  }

  #observed(event: Observed, peer: string): void {
    this.#used.add(event.active / event.blocks)
    this.#idle.add(event.idle / event.blocks)
    this.#waiting.add(event.waiting)
    this.#sessionsMax = Math.max(this.#sessionsMax, event.sessions)
    this.#counters.set(`${peer}/${this.#lives.get(peer) ?? 0}`, event)
  }

  report(): MetricValues {
    if (this.#prompt === 0) return {}
    const sum = (name: 'evictions' | 'preemptions' | 'movedBytes'): number =>
      [...this.#counters.values()].reduce((total, event) => total + event[name], 0)
    return {
      'kv.hit_rate': (this.#cached + this.#loaded) / this.#prompt,
      'kv.hit_rate_gpu': this.#cached / this.#prompt,
      'kv.hit_rate_tiers': this.#loaded / this.#prompt,
      'kv.prompt_tokens': this.#prompt,
      'kv.recomputed_tokens': this.#recomputed,
      'kv.moved_sessions': this.#moved,
      'kv.storm_tokens': this.#storm,
      'kv.evictions': sum('evictions'),
      'kv.preemptions': sum('preemptions'),
      'kv.moved_bytes': sum('movedBytes'),
      'kv.sessions.max': this.#sessionsMax,
      ...this.#used.report('kv.blocks_used'),
      ...this.#idle.report('kv.blocks_idle'),
      ...this.#waiting.report('kv.waiting'),
      ...this.#digests.report('kv.digest_bytes'),
    }
  }
}
