import type { PeerId } from '@infermesh/kernel'
import { commitmentOf } from '../derive.ts'
import type { Envelope } from '../envelope.ts'
import type { AuditStage } from '../statements/index.ts'
import type { AuditRecord } from './records.ts'
import { type Admission, deferred, logged, refused, type Trial } from './rules.ts'

const stages: readonly AuditStage[] = ['first', 'committee', 'appeal']

interface Turn {
  readonly receipt: string
  readonly stage: AuditStage
  readonly draw: number
}

/** The audit that a verdict speaks to, if it is that audit's turn now. A verdict ahead of the log waits, one behind it is refused. */
function audited({ draft }: Trial, turn: Turn, verifier: PeerId): AuditRecord | Admission {
  const audit = draft.get('audit', turn.receipt)
  if (audit === undefined) {
    const state = draft.get('receipt', turn.receipt)?.state
    return state === undefined || state === 'held' ? deferred('no-audit-yet') : refused('no-audit')
  }
  const ahead = stages.indexOf(turn.stage) - stages.indexOf(audit.stage) || turn.draw - audit.draw
  if (ahead !== 0) return ahead > 0 ? deferred('seats-not-drawn-yet') : refused('too-late')
  return audit.seats.includes(verifier) ? audit : refused('no-seat')
}

export function admitCommit(trial: Trial, { signer, payload }: Envelope<'verdictCommit'>): Admission {
  const audit = audited(trial, payload, signer)
  if ('outcome' in audit) return audit
  if (audit.phase !== 'commit') return refused('too-late')
  if (audit.commits.some(({ verifier }) => verifier === signer)) return refused('committed-already')
  const commits = [...audit.commits, { verifier: signer, commitment: payload.commitment }]
  trial.draft.set('audit', payload.receipt, { ...audit, commits })
  return logged
}

export function admitReveal(trial: Trial, { id, signer, payload }: Envelope<'verdictReveal'>): Admission {
  const audit = audited(trial, payload, signer)
  if ('outcome' in audit) return audit
  if (audit.phase !== 'reveal') return deferred('commits-are-open')
  const commit = audit.commits.find(({ verifier }) => verifier === signer)
  if (commit === undefined) return refused('not-committed')
  if (audit.findings.some(({ verifier }) => verifier === signer)) return refused('revealed-already')
  if (commitmentOf(trial.rules.hash, signer, payload) !== commit.commitment) return refused('other-commitment')
  const findings = [...audit.findings, { verifier: signer, verdict: payload.verdict, entry: id }]
  trial.draft.set('audit', payload.receipt, { ...audit, findings })
  return logged
}
