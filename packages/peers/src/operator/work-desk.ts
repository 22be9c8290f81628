import { type PeerId, respond } from '@infermesh/kernel'
import type { PeerEffect, PeerServices } from '@infermesh/protocol'
import { refused } from '../client/refusal.ts'
import type { ReceiptBook } from './receipt-book.ts'

/**
 * Shows the work behind a receipt to those who check it. A private model's prompts are shown to nobody: its receipts are
 * judged by their attestation.
 */
export function answerWork(
  call: { readonly id: string; readonly from: PeerId },
  receiptId: string,
  book: ReceiptBook,
  { directory }: PeerServices,
): PeerEffect {
  const record = book.find(receiptId)
  const mayAsk = directory.has(call.from, 'verifier') || directory.has(call.from, 'settler')
  if (!mayAsk) return respond(call.id, refused({ code: 'not-authorized', detail: 'work is shown to verifiers and settlers' }))
  if (record === undefined) return respond(call.id, refused({ code: 'unknown-blob', detail: `no work is kept for receipt ${receiptId}` }))
  // Only a private model is served under an epoch.
  if (record.receipt.payload.epoch > 0) {
    return respond(
      call.id,
      refused({ code: 'not-authorized', detail: `${record.receipt.payload.model} is private: its prompts stay here` }),
    )
  }
  return respond(call.id, { type: 'Work', prompt: record.prompt, tokens: record.tokens })
}
