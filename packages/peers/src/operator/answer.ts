import type { Cryptography } from '@infermesh/kernel'
import { promptTextOf, type Request } from '@infermesh/protocol'
import { createGenerator, type Generator } from '@infermesh/serving'

/** What an answer depends on, and nothing else. */
export interface Question {
  readonly hash: Cryptography['hash']
  /** SHA-256 of the plain weights, 32 bytes. */
  readonly weightsRoot: Uint8Array
  readonly prompt: Uint8Array
  readonly request: Pick<Request, 'seed'>
}

/** Makes an answer's tokens. An operator is handed one, so that a dishonest one differs in this function alone. */
export type Answerer = (question: Question) => Pick<Generator, 'tokens'>

/** The honest answer. Verifiers call it too, with the root that the manifest promises. */
export const referenceAnswer: Answerer = ({ hash, weightsRoot, prompt, request }) =>
  createGenerator({ hash, weights: weightsRoot, prompt: promptTextOf(prompt), seed: request.seed })
