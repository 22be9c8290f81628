import { asciiBytes, concatBytes, type PeerServices } from '@infermesh/protocol'
import { createGenerator } from '@infermesh/serving'
import type { Answerer } from '../operator/answer.ts'
import type { Lie } from './lie.ts'

export interface AnswerLieParts {
  readonly services: PeerServices
  readonly isOn: () => boolean
  readonly note: () => void
}

/** Answers that cost the operator less than what it is paid for. Other lies leave the answerer as it is. */
export function lyingAnswer(lie: Lie, honest: Answerer, parts: AnswerLieParts): Answerer {
  switch (lie.kind) {
    case 'lazy-operator':
      return dishonest(lie, honest, parts, (question) => otherModel(question, 'nothing'))
    case 'model-swap':
      return dishonest(lie, honest, parts, (question) => otherModel(question, 'swapped'))
    case 'quantised-model':
      return (question) => (parts.isOn() ? drifting(honest(question), lie, parts) : honest(question))
    default:
      return honest
  }
}

/** Decides once for each execution. */
function dishonest(lie: Lie, honest: Answerer, parts: AnswerLieParts, other: Answerer): Answerer {
  const random = parts.services.random.fork('answers')
  return (question) => {
    if (!parts.isOn() || random.next() >= lie.share) return honest(question)
    parts.note()
    return other(question)
  }
}

const otherModel: (question: Parameters<Answerer>[0], name: string) => ReturnType<Answerer> = (question, name) => {
  const { hash, weightsRoot, prompt, request } = question
  return createGenerator({ hash, weights: hash(concatBytes(asciiBytes(name), weightsRoot)), prompt, seed: request.seed })
}

/** Numeric drift turns a token into its neighbour; without a share one in fifty. */
function drifting(answer: ReturnType<Answerer>, lie: Lie, { services, note }: AnswerLieParts): ReturnType<Answerer> {
  const random = services.random.fork('drift')
  const rate = lie.share < 1 ? lie.share : DRIFT
  return {
    tokens: (from, count) =>
      answer.tokens(from, count).map((token) => {
        if (random.next() >= rate) return token
        note()
        return token ^ 1
      }),
  }
}

const DRIFT = 0.02
