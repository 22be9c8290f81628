import type { PeerEffect, PeerMachine, Receipt } from '@infermesh/protocol'
import { fromHex, toHex } from '@infermesh/protocol'
import { Restated } from '../restated.ts'
import { isSaveUnder, type MachineBuilder, rewritten } from './bug.ts'

/** Signs receipts without keeping them. */
export const forgetfulOperator = ({ make }: MachineBuilder): PeerMachine =>
  rewritten(make(), { effects: (effects) => effects.filter((effect) => !isSaveUnder(effect, 'receipt/')) })

/** Does not hear that a right was taken back. */
export const heedless = ({ make }: MachineBuilder): PeerMachine =>
  rewritten(make(), { input: (input) => (input.type === 'gossip' && input.envelope.type === 'revocation' ? undefined : input) })

/** What it publishes and brings to settlers costs ten times the price; what it tells the gateway does not. */
export function billingOnceMore({ make, services }: MachineBuilder): PeerMachine {
  const restated = new Restated(services, 'receipt', (receipt: Receipt) => ({ ...receipt, amount: receipt.amount * 10 }))
  const changed = (effect: PeerEffect): PeerEffect => {
    if (effect.type === 'publish' && effect.envelope.type === 'receipt')
      return { ...effect, envelope: restated.of(effect.envelope)?.envelope ?? effect.envelope }
    if (effect.type !== 'request' || effect.message.type !== 'SubmitEntry') return effect
    const entry = restated.ofBytes(effect.message.entry)
    return entry === undefined ? effect : { ...effect, message: { ...effect.message, entry: entry.bytes } }
  }
  return rewritten(make(), { effects: (effects) => effects.map(changed).map(saidAsPublished(restated)) })
}

/** The trace names the receipt that goes out. */
const saidAsPublished =
  (restated: Restated<'receipt'>) =>
  (effect: PeerEffect): PeerEffect => {
    if (effect.type !== 'emit' || effect.event.type !== 'receiptIssued') return effect
    const event = effect.event as typeof effect.event & { readonly envelope: string }
    const entry = restated.ofBytes(fromHex(event.envelope))
    const said = entry && { receipt: entry.id, amount: entry.payload.amount, envelope: toHex(entry.bytes) }
    return entry === undefined ? effect : { ...effect, event: { ...event, ...said } }
  }
