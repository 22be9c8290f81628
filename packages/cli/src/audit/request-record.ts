import type { Envelope } from '@infermesh/protocol'
import type { NetworkRecord } from '@infermesh/scenario'
import type { Replay } from './replay-log.ts'

/** One stretch of an answer: who made it, by what right, what it cost, who checked it, where it settled. */
export interface StretchRecord {
  readonly receipt: string
  readonly operator: string
  readonly tokens: readonly [from: number, to: number]
  readonly attempt: number
  readonly gateway: string
  readonly epoch: number
  readonly right: string
  readonly weightsRoot: string
  readonly engineBuild: string
  readonly inputHash: string
  readonly outputHash: string
  readonly promptTokens: number
  readonly amount: number
  readonly logIndex: number
  readonly checkedBy: readonly string[]
  readonly settled: string
}

export interface RequestRecord {
  readonly requestId: string
  readonly model: string
  readonly client: string
  readonly outcome: string
  readonly tokens: number
  readonly attempts: readonly string[]
  readonly stretches: readonly StretchRecord[]
  readonly charged: number
}

/** The record of one request, from the replayed log; attempts and outcome from the trace, which is not signed. */
export function requestRecord(replay: Replay, requestId: string, trace: readonly NetworkRecord[]): RequestRecord {
  const name = (peer: string): string => replay.directory.nameOf(peer)
  const receipts = [...replay.entries.values()].filter(
    (entry): entry is Envelope<'receipt'> => entry.type === 'receipt' && entry.payload.requestId === requestId,
  )
  const stretches = receipts.map((receipt) => stretchOf(replay, receipt)).sort((left, right) => left.tokens[0] - right.tokens[0])
  const sent = trace.find(({ event }) => event.type === 'requestSent')
  const ended = trace.map(({ event }) => event).find((event) => event.type === 'requestEnded')
  const attempts = trace.flatMap(({ at, peer, event }) => {
    if (event.type === 'dispatched')
      return [
        `${at} ms ${peer} sent attempt ${event.attempt} to ${name(event.operator)} from token ${event.from}, epoch ${event.epoch} (${event.policy})`,
      ]
    if (event.type === 'attemptFailed')
      return [`${at} ms ${peer} lost attempt ${event.attempt} at ${name(event.operator)} after ${event.delivered} tokens: ${event.code}`]
    if (event.type === 'requestWaiting') return [`${at} ms ${peer} waited: ${event.reason}`]
    if (event.type === 'requestRefused') return [`${at} ms ${peer} refused: ${event.code}, ${event.detail}`]
    return []
  })
  return {
    requestId,
    model: ended?.model ?? receipts[0]?.payload.model ?? 'unknown',
    client: sent?.peer ?? 'unknown',
    outcome:
      ended === undefined
        ? 'no end in the trace'
        : ended.outcome === 'ok'
          ? 'ok'
          : `${ended.outcome}: ${ended.code ?? ''} ${ended.detail ?? ''}`.trim(),
    tokens: ended?.tokens ?? 0,
    attempts,
    stretches,
    charged: stretches.reduce((sum, stretch) => sum + (stretch.settled.startsWith('batch') ? stretch.amount : 0), 0),
  }
}

function stretchOf(replay: Replay, receipt: Envelope<'receipt'>): StretchRecord {
  const { payload } = receipt
  const name = (peer: string): string => replay.directory.nameOf(peer)
  return {
    receipt: receipt.id,
    operator: name(receipt.signer),
    tokens: [payload.from, payload.to],
    attempt: payload.attempt,
    gateway: gatewayOf(replay, payload.dispatch),
    epoch: payload.epoch,
    right: rightOf(replay, receipt),
    weightsRoot: payload.weightsRoot,
    engineBuild: payload.engineBuild,
    inputHash: payload.bodyHash,
    outputHash: payload.outputHash,
    promptTokens: payload.promptTokens,
    amount: payload.amount,
    logIndex: replay.order.indexOf(receipt.id),
    checkedBy: checksOf(replay, receipt.id),
    settled: settlementOf(replay, receipt.id),
  }
}

function gatewayOf(replay: Replay, dispatch: Uint8Array): string {
  return replay.directory.nameOf(replay.open(dispatch).signer)
}

/** By what right the operator served: as registered when the receipt was logged. */
function rightOf(replay: Replay, receipt: Envelope<'receipt'>): string {
  const { model, epoch } = receipt.payload
  const manifest = [...replay.entries.values()].find((entry) => entry.type === 'manifest' && entry.payload.model === model)
  if (manifest?.type !== 'manifest') return 'no manifest in the log'
  if (manifest.payload.visibility === 'public')
    return `public model, manifest ${manifest.id.slice(0, 16)} by ${replay.directory.nameOf(manifest.signer)}`
  const lease = [...replay.entries.values()].find(
    (entry): entry is Envelope<'lease'> => entry.type === 'lease' && entry.payload.model === model && entry.payload.epoch === epoch,
  )
  const as = manifest.signer === receipt.signer ? 'owner' : 'delegated standby'
  const delegation = [...replay.entries.values()].find(
    (entry) => entry.type === 'delegation' && entry.payload.model === model && entry.payload.audience === receipt.signer,
  )
  return `${as}${delegation === undefined ? '' : `, delegation ${delegation.id.slice(0, 16)}`}${lease === undefined ? '' : `, lease of epoch ${epoch} (${lease.payload.grants.length} grants) ${lease.id.slice(0, 16)}`}`
}

function checksOf(replay: Replay, receiptId: string): readonly string[] {
  const reveals = [...replay.entries.values()].filter(
    (entry): entry is Envelope<'verdictReveal'> => entry.type === 'verdictReveal' && entry.payload.receipt === receiptId,
  )
  return reveals.map((reveal) => `${replay.directory.nameOf(reveal.signer)} (${reveal.payload.stage}): ${reveal.payload.verdict}`)
}

function settlementOf(replay: Replay, receiptId: string): string {
  for (const event of replay.events) {
    if (event.type === 'leafSettled' && event.receipt === receiptId) return `batch ${event.batchId.slice(0, 16)} at height ${event.height}`
    if (event.type === 'receiptVoid' && event.receipt === receiptId) return `void at height ${event.height}: ${event.reason}`
  }
  return replay.entries.has(receiptId) ? 'logged, not final' : 'not in the log'
}
