import type { Receipt } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { playedRequest } from '../../test-support/played-requests.ts'
import { smallNetwork } from '../../test-support/small-network.ts'
import { ReceiptBook } from './receipt-book.ts'
import { answerWork } from './work-desk.ts'

const network = smallNetwork({ client: 1, operator: 2, verifier: 1, settler: 1, gateway: 1 })
const services = network.servicesOf('operator-0')
const { requestId, envelope, prompt } = playedRequest(network)
const tokens = [3, 4]

test('shows a public model’s work to verifiers and settlers', () => {
  expect(['verifier-0', 'settler-0', 'gateway-0', 'operator-1'].map((name) => asked(name, 0))).toMatchObject([
    { type: 'Work', prompt, tokens },
    { type: 'Work', prompt, tokens },
    { code: 'not-authorized' },
    { code: 'not-authorized' },
  ])
})

test('shows a private model’s prompt to nobody', () => {
  const answers = ['verifier-0', 'settler-0', 'gateway-0', 'operator-1'].map((name) => asked(name, 1))

  expect(answers).toMatchObject(answers.map(() => ({ type: 'Refused', code: 'not-authorized' })))
})

/** What a peer gets when it asks for the work behind a receipt under this epoch. */
function asked(from: string, epoch: number) {
  const book = new ReceiptBook(10, services, network.signerOf('operator-0'))
  const zero = '00'.repeat(32)
  const draft: Omit<Receipt, 'operatorSeq' | 'previous' | 'payee'> = {
    ...{ requestId, attempt: 1, from: 0, to: 2, model: envelope.payload.model, weightsRoot: zero, engineBuild: 'reference-1', epoch },
    ...{ attestation: undefined, bodyHash: zero, prefixHash: zero, outputHash: zero, promptTokens: 6, seed: 1, startedAt: 0, endedAt: 0 },
    ...{ amount: 1, request: envelope.bytes, dispatch: envelope.bytes, trace: envelope.payload.trace },
  }
  const { receipt } = book.issue(draft, { request: envelope.payload, prompt, tokens }, 0)
  const effect = answerWork({ id: 'r', from: network.idOf(from) }, receipt.id, book, services)
  return effect.type === 'respond' ? effect.message : effect
}
