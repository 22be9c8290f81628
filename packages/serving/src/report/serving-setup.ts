import type { EngineOptions } from '../engine/engine.ts'
import type { EngineRequest } from '../engine/request.ts'
import { blockNames } from '../engine/sequence.ts'
import { evictionOrders, idlePolicyOf } from '../idle/named-policies.ts'
import { Future } from '../kv/future.ts'
import type { TierOptions } from '../kv/tier-stack.ts'
import { type GpuProfile, stepTimeOf } from '../time/gpu-profile.ts'
import type { StepTime } from '../time/step-time.ts'

/** What a command line says about an engine, as text and numbers. */
export interface ServingSetup {
  readonly profile: GpuProfile
  /** Replaces the profile's own cost of a step, for instance by measured tables. */
  readonly stepTime?: StepTime
  /** Without it, what the profile says fits on the GPU. */
  readonly blocks?: number
  readonly blockTokens?: number
  /** See `policyNames`; `lru` when absent. */
  readonly policy?: string
  /** What will come, in order of arrival: the policy `offline` needs it. */
  readonly requests?: readonly EngineRequest[]
  readonly preemption?: EngineOptions['preemption']
  /** `program` where there is a gate, else `fcfs`. */
  readonly queue?: EngineOptions['queue']
  /** Share of GPU and tiers that the contexts of open sessions may take; `open` or absent: no gate. */
  readonly admission?: string
  /** Tiers from fast to slow, like `host=8Mtok` or `disk=200Mtok@7GB/s`. */
  readonly tiers?: readonly string[]
  readonly stepTokensMax?: number
  readonly sequencesMax?: number
}

/** Speeds of known tiers: BLIS' transfer constants; the peer is one on a 10 Gbit/s link. */
const tierLinks: Readonly<Record<string, Omit<TierOptions, 'name' | 'blocks'>>> = {
  host: { bytesPerSecond: 20e9, baseMs: 0.001, serversPerDirection: 1 },
  disk: { bytesPerSecond: 5e9, baseMs: 0.08, serversPerDirection: 1 },
  peer: { bytesPerSecond: 1.25e9, baseMs: 1, serversPerDirection: 1 },
}

/** Engine options from a command line's words. Errors name what was expected. */
export function engineOptionsFor(setup: ServingSetup): EngineOptions {
  const { profile } = setup
  const blockTokens = setup.blockTokens ?? 16
  const tiers = (setup.tiers ?? []).map((text) => tierOf(text, blockTokens))
  const order = orderOptions(setup, blockTokens)
  const idle = order === undefined ? idlePolicyOf(setup.policy ?? 'lru', profile, tiers[0]?.bytesPerSecond) : undefined
  const sessionShareMax = admissionShare(setup.admission ?? 'open')
  return {
    blocks: setup.blocks ?? Math.floor(profile.gpuTokens / blockTokens),
    blockTokens,
    kvBytesPerToken: profile.kvBytesPerToken,
    stepTime: setup.stepTime ?? stepTimeOf(profile),
    stepTokensMax: setup.stepTokensMax ?? 2_048,
    sequencesMax: setup.sequencesMax ?? 256,
    tiers,
    tokenEvents: false,
    ...(idle === undefined ? {} : { idle }),
    ...(sessionShareMax === undefined ? {} : { sessionShareMax, queue: 'program' }),
    ...(setup.preemption === undefined ? {} : { preemption: setup.preemption }),
    ...(setup.queue === undefined ? {} : { queue: setup.queue }),
    ...order,
  }
}

function orderOptions(
  { policy = 'lru', requests }: ServingSetup,
  blockTokens: number,
): Pick<EngineOptions, 'order' | 'future'> | undefined {
  const order = Object.hasOwn(evictionOrders, policy) ? evictionOrders[policy] : undefined
  if (order !== 'foresight') return order === undefined ? undefined : { order }
  if (requests === undefined)
    throw new Error('expected a policy that needs no knowledge of the future, got "offline": it is for traces that are known in advance')
  return { order, future: new Future(requests.map((request) => ({ id: request.id, keys: blockNames(request, blockTokens) }))) }
}

function tierOf(text: string, blockTokens: number): TierOptions {
  const match = /^(\w+)=(\d+(?:\.\d+)?)([kMG]?)tok(?:@(\d+(?:\.\d+)?)GB\/s)?$/.exec(text)
  const link = tierLinks[match?.[1] ?? '']
  if (match === null || link === undefined)
    throw new Error(`expected a tier like host=8Mtok or disk=1Gtok@7GB/s, one of ${Object.keys(tierLinks).join(', ')}, got "${text}"`)
  const [, name = '', count = '', unit = '', speed] = match
  const tokens = Number(count) * ({ k: 1e3, M: 1e6, G: 1e9 }[unit] ?? 1)
  const blocks = Math.floor(tokens / blockTokens)
  if (blocks < 1) throw new Error(`expected a tier of at least one block (${blockTokens} tokens), got "${text}"`)
  return { name, blocks, ...link, ...(speed === undefined ? {} : { bytesPerSecond: Number(speed) * 1e9 }) }
}

function admissionShare(text: string): number | undefined {
  if (text === 'open') return undefined
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text)
  const share = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1)
  if (!(share > 0 && share <= 10)) throw new Error(`expected "open" or a share of memory like 92%, got "${text}"`)
  return share
}
