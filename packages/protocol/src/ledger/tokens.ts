import type { Envelope } from '../envelope.ts'
import { balanceOf, credit } from './accounts.ts'
import { type Admission, deferred, logged, refused, type Trial } from './rules.ts'

/** A client's coins for a lot of blind tokens go to the issuer at once: it signs nothing before this is final. */
export function admitTokenOrder({ draft, rules }: Trial, { signer, payload }: Envelope<'tokenOrder'>): Admission {
  const { issuer, count, worth } = payload
  if (!rules.directory.has(signer, 'client')) return refused('not-a-client')
  if (!rules.directory.has(issuer, 'issuer')) return refused('not-an-issuer')
  const price = count * worth
  if (count === 0 || !Number.isSafeInteger(price)) return refused('no-price')
  if (balanceOf(draft, signer) < price) return refused('no-funds')
  credit(draft, signer, -price)
  credit(draft, issuer, price)
  return logged
}

/** An issuer's payout to a gateway. It waits while the issuer lacks the coins: the tokens behind it are spent, so it stays owed. */
export function admitTokenPayout({ draft, rules }: Trial, { id, signer, payload }: Envelope<'tokenPayout'>): Admission {
  const { gateway, number, amount } = payload
  if (!rules.directory.has(signer, 'issuer')) return refused('not-an-issuer')
  if (!rules.directory.has(gateway, 'gateway')) return refused('not-a-gateway')
  if (draft.get('payout', payoutKey(signer, number)) !== undefined) return refused('paid-already')
  if (balanceOf(draft, signer) < amount) return deferred('no-funds')
  credit(draft, signer, -amount)
  credit(draft, gateway, amount)
  draft.set('payout', payoutKey(signer, number), id)
  return logged
}

export const payoutKey = (issuer: string, number: number): string => `${issuer}/${number}`
