import { type Millis, publish } from '@infermesh/kernel'
import type { Envelope, PeerEffect, Receipt } from '@infermesh/protocol'
import type { Trick, TrickParts } from './lie.ts'
import { Restated } from './restated.ts'

type Published = Extract<PeerEffect, { readonly type: 'publish' }>

const receiptOf = (effect: PeerEffect): Envelope<'receipt'> | undefined =>
  effect.type === 'publish' && effect.envelope.type === 'receipt' ? effect.envelope : undefined

const isReceipted = (effect: PeerEffect): boolean => effect.type === 'respond' && effect.message.type === 'Receipted'

export function overcharging({ services, chance, told }: TrickParts): Trick {
  const restated = new Restated(services, 'receipt', (receipt: Receipt) =>
    chance() ? { ...receipt, amount: receipt.amount * 2 + 1 } : undefined,
  )
  const changed = (effect: PeerEffect): readonly PeerEffect[] => {
    const receipt = receiptOf(effect)
    if (receipt !== undefined) {
      const lie = restated.of(receipt)
      if (lie === undefined) return [effect]
      return lie.isNew ? [publish('receipts', lie.envelope), told('an amount')] : [publish('receipts', lie.envelope)]
    }
    if (effect.type !== 'respond' || effect.message.type !== 'Receipted') return [effect]
    const lie = restated.ofBytes(effect.message.receipt)
    return [lie === undefined ? effect : { ...effect, message: { ...effect.message, receipt: lie.bytes } }]
  }
  return { act: (effects) => effects.flatMap(changed) }
}

/** The second receipt says something else under the same number: whoever sees both has the proof. */
export function doubling({ services, chance, told }: TrickParts): Trick {
  const restated = new Restated(services, 'receipt', (receipt: Receipt) =>
    chance() ? { ...receipt, endedAt: receipt.endedAt + 1 } : undefined,
  )
  return {
    act: (effects) =>
      effects.flatMap((effect) => {
        const receipt = receiptOf(effect)
        const second = receipt && restated.of(receipt)
        return second?.isNew === true ? [effect, publish('receipts', second.envelope), told('a second receipt')] : [effect]
      }),
  }
}

export function withholding({ chance, told }: TrickParts): Trick {
  const kept = new Map<string, boolean>()
  const isKept = (receipt: Envelope<'receipt'>): boolean => {
    const known = kept.get(receipt.id) ?? chance()
    kept.set(receipt.id, known)
    return known
  }
  return {
    act: (effects) => {
      const hidden = effects.filter((effect) => {
        const receipt = receiptOf(effect)
        return receipt !== undefined && isKept(receipt)
      })
      if (hidden.length === 0) return effects
      return [...effects.filter((effect) => !hidden.includes(effect) && !isReceipted(effect)), told('a receipt')]
    },
  }
}

export function delaying({ lie, chance, told, sleep }: TrickParts): Trick {
  const queue: { readonly due: Millis; readonly effect: Published }[] = []
  const seen = new Set<string>()
  const take = (effect: PeerEffect, now: Millis): readonly PeerEffect[] => {
    const receipt = receiptOf(effect)
    if (receipt === undefined || effect.type !== 'publish') return [effect]
    if (seen.has(receipt.id)) return queue.some((entry) => entry.effect.envelope.id === receipt.id) ? [] : [effect]
    seen.add(receipt.id)
    if (!chance()) return [effect]
    queue.push({ due: now + lie.late, effect })
    return queue.length === 1 ? [sleep(lie.late), told('a receipt')] : [told('a receipt')]
  }
  return {
    act: (effects, now) => effects.flatMap((effect) => take(effect, now)),
    wake: (now) => {
      const due: PeerEffect[] = []
      for (let first = queue[0]; first !== undefined && first.due <= now; first = queue[0]) {
        due.push(first.effect)
        queue.shift()
      }
      const [next] = queue
      return next === undefined ? due : [...due, sleep(Math.max(1, next.due - now))]
    },
  }
}
