import { assertNever, type PeerId } from '@infermesh/kernel'
import type { Verdict } from '../statements/index.ts'
import { closeAudit, nextStage, openAudits, seat } from './audits.ts'
import { sortition } from './committee.ts'
import { punishOnce } from './faults.ts'
import { refund } from './receipts.ts'
import type { AuditRecord } from './records.ts'
import type { Trial } from './rules.ts'

/** Drawings of one stage's seats before the ledger gives up on it. */
const DRAWS_MAX = 3

/** What a turn's end leads to. `unchecked`: no proof is no fault. */
type Outcome = 'match' | 'unavailable' | 'mismatch' | 'escalate' | 'redraw' | 'unchecked'

/** Moves every open audit as far as this block's verdicts and time allow. */
export function advanceAudits(trial: Trial): void {
  for (const id of openAudits(trial.draft)) {
    const audit = trial.draft.get('audit', id)
    if (audit === undefined) continue
    const spoken = audit.phase === 'commit' ? audit.commits.length : audit.findings.length
    const expected = audit.phase === 'commit' ? audit.seats.length : audit.commits.length
    if (spoken < expected && trial.time < audit.until) continue
    if (audit.phase === 'commit' && spoken > 0) startReveals(trial, id, audit)
    else conclude(trial, id, audit)
  }
}

function startReveals(trial: Trial, id: string, audit: AuditRecord): void {
  const until = trial.time + trial.rules.parameters.audit.revealWithin
  trial.draft.set('audit', id, { ...audit, phase: 'reveal', until })
}

const saying = ({ findings }: AuditRecord, verdict: Verdict) => findings.filter((finding) => finding.verdict === verdict)

function conclude(trial: Trial, id: string, audit: AuditRecord): void {
  const accusers = [...new Set([...audit.accusers, ...saying(audit, 'mismatch').map(({ verifier }) => verifier)])]
  const outcome = outcomeOf(audit, sortition(audit.stage, trial.rules.directory).quorum)
  switch (outcome) {
    case 'match':
    case 'unchecked':
      closeAudit(trial, id, outcome)
      return
    case 'unavailable':
      // A crash or a partition looks the same as a refusal to show the work: not paid, but nothing is taken.
      closeAudit(trial, id, outcome)
      refund(trial, id, outcome)
      return
    case 'mismatch':
      condemn(trial, id, { audit, accusers })
      return
    case 'escalate':
      seat(trial, id, { stage: nextStage[audit.stage], draw: 0, seated: everSeated(audit), accusers })
      return
    case 'redraw':
      seat(trial, id, { stage: audit.stage, draw: audit.draw + 1, seated: everSeated(audit), accusers })
      return
    default:
      assertNever(outcome)
  }
}

const everSeated = (audit: AuditRecord): readonly PeerId[] => [...new Set([...audit.seated, ...audit.seats])]

/** A single doubt of the first look is enough to ask a committee; only an appeal condemns. */
function outcomeOf(audit: AuditRecord, quorum: number): Outcome {
  const [matches, mismatches, absences] = [
    saying(audit, 'match').length,
    saying(audit, 'mismatch').length,
    saying(audit, 'unavailable').length,
  ]
  if (audit.stage === 'first') {
    if (mismatches + absences > 0) return 'escalate'
    return matches > 0 ? 'match' : unsettled(audit)
  }
  if (matches >= quorum) return 'match'
  if (absences >= quorum) return 'unavailable'
  if (mismatches >= quorum) return audit.stage === 'committee' ? 'escalate' : 'mismatch'
  return unsettled(audit)
}

/** Too few spoke, or they don't agree: other seats, then the next stage. */
function unsettled({ stage, draw }: AuditRecord): Outcome {
  if (draw + 1 < DRAWS_MAX) return 'redraw'
  return stage === 'committee' ? 'escalate' : 'unchecked'
}

function condemn(trial: Trial, id: string, { audit, accusers }: { audit: AuditRecord; accusers: readonly PeerId[] }): void {
  const receipt = trial.draft.get('receipt', id)
  if (receipt === undefined) return
  closeAudit(trial, id, 'mismatch')
  refund(trial, id, 'mismatch')
  const proof = [id, ...saying(audit, 'mismatch').map(({ entry }) => entry)]
  punishOnce(trial, { fault: `mismatch/${id}`, accused: receipt.operator, about: id, proof, reporters: accusers })
}
