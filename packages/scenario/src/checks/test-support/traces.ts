import { Directory, defaultParameters, type Genesis, type NetworkEvent, type Role, Signer, toHex } from '@infermesh/protocol'
import { identityFromSeed, nodeCryptography, seedOf } from '@infermesh/protocol/node'
import type { NetworkRecord } from '../../metrics/fold.ts'
import { CheckBench } from '../checks.ts'

const roles: readonly (readonly [string, Role])[] = [
  ['client-0-0', 'client'],
  ['gateway-0', 'gateway'],
  ['owner-0', 'operator'],
  ['standby-0', 'operator'],
  ...[0, 1, 2, 3].map((number) => [`settler-${number}`, 'settler'] as const),
  ...[0, 1, 2, 3, 4].map((number) => [`grantor-${number}`, 'grantor'] as const),
]

export const genesis: Genesis = {
  networkId: 'n',
  members: roles.map(([name, role]) => ({ name, role, peerId: `id of ${name}`, balance: role === 'client' ? 1_000 : 0 })),
  parameters: defaultParameters,
  attestationRoot: '',
}
export const { settlement, lease } = defaultParameters
export const LONG = 10_000_000

export type Line = readonly [at: number, peer: string, event: NetworkEvent]

/** Names of the checks that a trace violates, by the run's end. */
export function broken(
  lines: readonly Line[],
  options: { readonly end?: number; readonly liars?: readonly string[] } = {},
): readonly string[] {
  const bench = new CheckBench({ directory: new Directory(genesis), crypto: nodeCryptography, liars: new Set(options.liars), grace: 5_000 })
  lines.forEach(([at, peer, event], seq) => {
    bench.observe({ seq, at, peer, event } satisfies NetworkRecord)
  })
  return bench
    .conclude(options.end ?? lines.at(-1)?.[0] ?? 0)
    .filter((check) => !check.held)
    .map((check) => check.name)
}

const sealing = { networkId: genesis.networkId, crypto: nodeCryptography }
export const accused = identityFromSeed(seedOf('n', 'accused'))
const vote = (blockId: string): Uint8Array =>
  new Signer(accused, sealing).sign('vote', { kind: 'prevote', height: 1, round: 0, blockId, reveal: '00'.repeat(32) }, 0).bytes
export const first = vote('aa'.repeat(32))
export const second = vote('bb'.repeat(32))

export const slashOn = (...statements: readonly Uint8Array[]) => {
  const evidence = { kind: 'equivocation', accused: accused.peerId, statements, height: 1 } as const
  const { bytes } = new Signer(identityFromSeed(seedOf('n', 'settler-0')), sealing).sign('evidence', evidence, 0)
  return { type: 'slashed', accused: accused.peerId, amount: 1, receipt: '', height: 1, evidence: toHex(bytes) } as const
}

export const leaf = {
  type: 'leafSettled',
  requestId: 'r',
  from: 0,
  to: 10,
  receipt: 'c',
  payer: 'p',
  payee: 'o',
  amount: 5,
  batchId: 'b',
  height: 2,
} as const
export const sent = {
  type: 'requestSent',
  requestId: 'r',
  model: 'm',
  gateway: 'g',
  promptTokens: 1,
  maxTokens: 10,
  maxCharge: 5,
  attempt: 1,
} as const
export const issued = {
  ...({ type: 'receiptIssued', receipt: 'c', requestId: 'r', attempt: 1, from: 0, to: 10, model: 'm', epoch: 1 } as const),
  ...{ operatorSeq: 0, amount: 5, maxCharge: 5, envelope: '' },
} as const
export const logged = { type: 'entryLogged', entry: 'c', kind: 'receipt', index: 0, height: 1, model: 'm', epoch: 1 } as const
export const ended = { type: 'requestEnded', requestId: 'r', model: 'm', outcome: 'ok', tokens: 10, totalMs: 5 } as const
export const block = {
  type: 'blockFinal',
  height: 1,
  round: 0,
  entries: 1,
  logSize: 5,
  logRoot: 'x',
  stateRoot: 's',
  checkpoint: '',
} as const
export const acquired = (epoch: number) => ({ type: 'leaseAcquired', model: 'm', epoch, until: 9, envelope: '' }) as const
/** Tokens, the last of them made so long before it is told. */
export const made = (epoch: number, agoMs = 0) =>
  ({ type: 'tokensMade', requestId: 'r', attempt: 1, model: 'm', epoch, from: 0, to: 2, agoMs: [agoMs + 1, agoMs] }) as const
/** Tokens that came one ms after another. */
export const received = (from: number, to: number) =>
  ({
    type: 'tokensReceived',
    requestId: 'r',
    from,
    to,
    agoMs: Array.from({ length: to - from }, (_, index) => to - from - index - 1),
  }) as const
export const fault = (type: 'faultApplied' | 'faultHealed', name: string, target: string) =>
  ({ type, fault: name, target, measured: {} }) as const
export const crashed = (name: string) => ({ type: 'peerCrashed', name, reason: 'x' }) as const
export const started = (name: string) => ({ type: 'peerStarted', name, peerId: `id of ${name}`, role: '', restarted: true }) as const
export const ready = { type: 'standbyReady', model: 'm', temperature: 'warm' } as const
export const delegated = { type: 'delegated', model: 'm', standby: 'id of standby-0', envelope: '' } as const
export const revoked = { type: 'revoked', model: 'm', standby: 'id of standby-0' } as const
export const released = { type: 'keyReleased', model: 'm', to: 'id of standby-0', attested: true, delegated: true, leased: true } as const
export const clockFault = (measured: Readonly<Record<string, number>>) =>
  ({ ...fault('faultApplied', 'clock', 'owner-0'), measured }) as const

/** A request that is answered, receipted, logged and paid as it should be. */
export const good: readonly Line[] = [
  [0, 'owner-0', acquired(1)],
  [1, 'client-0-0', sent],
  [2, 'owner-0', made(1)],
  [3, 'client-0-0', received(0, 10)],
  [4, 'owner-0', issued],
  [5, 'client-0-0', ended],
  [6, 'settler-0', logged],
  [7, 'settler-0', block],
  [7, 'settler-0', { type: 'balances', height: 1, total: 1_000, escrow: 5, stateRoot: 's' }],
  [8, 'settler-0', leaf],
]
