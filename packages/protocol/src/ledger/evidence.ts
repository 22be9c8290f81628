import { assertNever, type PeerId } from '@infermesh/kernel'
import { type Envelope, openAs, openEnvelope, type SealingContext } from '../envelope.ts'
import type { Directory } from '../network.ts'
import type { Statement } from '../statements/index.ts'
import { DecodeFailed } from '../wire/decode-failed.ts'
import { sortition } from './committee.ts'
import { punishOnce } from './faults.ts'
import { type Admission, type LedgerEvent, logged, refused, type Trial } from './rules.ts'

export type Evidence = Statement<'evidence'>

/** `fault` names the deed: the same deed has the same name, whichever statements prove it. */
export type EvidenceFinding =
  | { readonly proves: true; readonly accused: PeerId; readonly fault: string; readonly about: string }
  | { readonly proves: false; readonly reason: string }

/** Judges an evidence envelope from its bytes and the genesis alone: no ledger, no network. */
export function verifyEvidence(raw: Uint8Array, directory: Directory, context: SealingContext): EvidenceFinding {
  return opened(() => weigh(openAs('evidence', raw, context).payload, directory, context))
}

/** The same for an envelope whose own signature was checked already. */
export const judgeEvidence = (evidence: Evidence, directory: Directory, context: SealingContext): EvidenceFinding =>
  opened(() => weigh(evidence, directory, context))

function opened(judge: () => EvidenceFinding): EvidenceFinding {
  try {
    return judge()
  } catch (failure) {
    if (failure instanceof DecodeFailed) return { proves: false, reason: failure.message }
    throw failure
  }
}

function weigh(evidence: Evidence, directory: Directory, context: SealingContext): EvidenceFinding {
  switch (evidence.kind) {
    case 'equivocation':
      return weighPair(evidence, context)
    case 'mismatch':
      return weighMismatch(evidence, directory, context)
    default:
      return assertNever(evidence.kind)
  }
}

const noProof = (reason: string): EvidenceFinding => ({ proves: false, reason })

function weighPair({ accused, statements }: Evidence, context: SealingContext): EvidenceFinding {
  const [left, right, ...rest] = statements.map((bytes) => openEnvelope(bytes, context))
  if (left === undefined || right === undefined || rest.length > 0) return noProof('expected two statements')
  if (left.signer !== accused || right.signer !== accused) return noProof('a statement is not by the accused')
  const subject = contradiction(left, right)
  if (subject === undefined) return noProof('the statements do not contradict each other')
  return { proves: true, accused, fault: `equivocation/${left.type}/${accused}/${subject}`, about: right.id }
}

/** What both statements speak of, if an honest signer never makes both. */
function contradiction(left: Envelope, right: Envelope): string | undefined {
  const [one, other] = [claimOf(left), claimOf(right)]
  if (one === undefined || other === undefined || left.type !== right.type) return undefined
  return one.about === other.about && one.word !== other.word ? one.about : undefined
}

/** A signer gives one word about each thing. Signing the same word twice is no fault, save for receipts: each is a bill. */
function claimOf({ id, type, payload }: Envelope): { readonly about: string; readonly word: string } | undefined {
  switch (type) {
    case 'receipt':
      return { about: String(payload.operatorSeq), word: id }
    case 'vote':
      return { about: `${payload.kind}/${payload.height}/${payload.round}`, word: payload.blockId }
    case 'verdictCommit':
      return { about: `${payload.receipt}/${payload.stage}/${payload.draw}`, word: payload.commitment }
    case 'leaseGrant':
      return { about: `${payload.model}/${payload.epoch}`, word: payload.holder }
    default:
      return undefined
  }
}

/** The receipt, then a quorum of the appeal. Whether these verifiers had the seats is for a replay of the log to say. */
function weighMismatch({ accused, statements }: Evidence, directory: Directory, context: SealingContext): EvidenceFinding {
  const [first, ...reveals] = statements
  if (first === undefined) return noProof('expected a receipt')
  const receipt = openAs('receipt', first, context)
  if (receipt.signer !== accused) return noProof('the receipt is not by the accused')
  const finders = new Map<number, Set<PeerId>>()
  for (const bytes of reveals) {
    const { signer, payload } = openAs('verdictReveal', bytes, context)
    if (payload.receipt !== receipt.id || payload.stage !== 'appeal' || payload.verdict !== 'mismatch') return noProof('another verdict')
    if (!directory.has(signer, 'verifier')) return noProof('a verdict is not by a verifier')
    finders.set(payload.draw, (finders.get(payload.draw) ?? new Set()).add(signer))
  }
  const { quorum } = sortition('appeal', directory)
  const most = Math.max(0, ...[...finders.values()].map((finder) => finder.size))
  if (most < quorum) return noProof(`${most} verifiers of one drawing found it, ${quorum} are needed`)
  return { proves: true, accused, fault: `mismatch/${receipt.id}`, about: receipt.id }
}

/** What a slash stands on, made of the log entries that it names. `entries` are those entries, in order. */
export function evidenceOf(slashed: Pick<Slashed, 'accused' | 'height'>, entries: readonly Envelope[]): Evidence {
  const [first, second] = entries
  // A slash for reported evidence names the report, which already is what is asked for.
  if (first?.type === 'evidence') return first.payload
  const kind = second?.type === 'receipt' ? 'equivocation' : 'mismatch'
  return { kind, accused: slashed.accused, statements: entries.map(({ bytes }) => bytes), height: slashed.height }
}

type Slashed = Extract<LedgerEvent, { readonly type: 'slashed' }>

/** Contradictions that the log itself does not show. A mismatch is the ledger's own finding and needs no reporter. */
export function admitEvidence(trial: Trial, { id, signer, payload }: Envelope<'evidence'>): Admission {
  const { directory, sealing, waived } = trial.rules
  if (directory.member(signer) === undefined) return refused('not-a-member')
  if (payload.kind !== 'equivocation') return refused('found-by-the-ledger')
  const told: EvidenceFinding = { proves: true, accused: payload.accused, fault: `told/${id}`, about: id }
  const finding = waived.has('evidence-is-judged') ? told : judgeEvidence(payload, directory, sealing)
  if (!finding.proves) return refused(finding.reason)
  const reporters = signer === finding.accused ? [] : [signer]
  const { fault, accused, about } = finding
  return punishOnce(trial, { fault, accused, about, proof: [id], reporters }) ? logged : refused('punished-already')
}
