import { assert } from '@infermesh/kernel'
import {
  DecodeFailed,
  decodeCbor,
  decodeMessage,
  type Envelope,
  encodeCbor,
  encodeMessage,
  openAs,
  type SealingContext,
} from '@infermesh/protocol'

/** A signed receipt with what a verifier needs to check it: the prompt, and all answer tokens up to the receipt's end. */
export interface ReceiptRecord {
  readonly receipt: Envelope<'receipt'>
  readonly prompt: Uint8Array
  readonly tokens: readonly number[]
}

const KEY_PREFIX = 'receipt/'

/** Padded, so that keys sort like numbers. */
export const recordKey = (operatorSeq: number): string => `${KEY_PREFIX}${String(operatorSeq).padStart(12, '0')}`

export const isRecordKey = (key: string): boolean => key.startsWith(KEY_PREFIX)

export const encodeRecord = ({ receipt, prompt, tokens }: ReceiptRecord): Uint8Array =>
  encodeCbor([receipt.bytes, encodeMessage({ type: 'Work', prompt, tokens })])

/** Reads what `encodeRecord` wrote. Anything else means that this peer's own disk is damaged, and it must not go on signing. */
export function decodeRecord(key: string, value: Uint8Array, context: SealingContext): ReceiptRecord {
  try {
    const parts = decodeCbor(value)
    assert(Array.isArray(parts) && parts.length === 2, `the disk is damaged: ${key} is not a receipt with its work`)
    const [receipt, work] = parts as Uint8Array[]
    assert(receipt instanceof Uint8Array && work instanceof Uint8Array, `the disk is damaged: ${key} does not hold bytes`)
    const message = decodeMessage(work)
    assert(message.type === 'Work', `the disk is damaged: ${key} holds ${message.type} where the work should be`)
    return { receipt: openAs('receipt', receipt, context), prompt: message.prompt, tokens: message.tokens }
  } catch (failure) {
    if (failure instanceof DecodeFailed) assert(false, `the disk is damaged: ${key}: ${failure.message}`)
    throw failure
  }
}
