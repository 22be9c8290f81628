import { expect, test } from 'vitest'
import { inputText } from './input-text.ts'
import type { Input } from './machine.ts'

const envelope = { id: 'ab'.repeat(32), type: 'receipt', signer: 'operator', bytes: Uint8Array.of(1) }

test.each<readonly [Input, string]>([
  [{ type: 'started', saved: new Map([['key', Uint8Array.of(1)]]) }, 'started (saved values: 1)'],
  [{ type: 'request', id: '7', from: 'client', stream: 'infer', message: { type: 'Submit' } }, 'request 7: Submit on infer from client'],
  [{ type: 'response', callId: 'c1', message: { type: 'Tokens' }, last: false }, 'response to c1: Tokens'],
  [{ type: 'failed', callId: 'c1', failure: { code: 'lost', detail: 'the peer is down' } }, 'failed c1: lost, the peer is down'],
  [
    { type: 'gossip', topic: 'receipts', from: 'settler', envelope },
    'gossip on receipts: receipt abababababababab of operator from settler',
  ],
  [{ type: 'timer', key: 'again' }, 'timer again'],
  [{ type: 'peerLost', peer: 'owner' }, 'peerLost owner'],
  [{ type: 'cancelled', id: '7' }, 'cancelled 7'],
  [{ type: 'computed', callId: 'c2', result: { ok: true, value: 1 }, last: true }, 'computed c2'],
])('%j in words', (input, text) => {
  expect(inputText(input)).toBe(text)
})
