import * as ort from 'onnxruntime-web'
import { wordIds } from '../models/risk-classifier.ts'
import { letterTokens } from '../vocabulary.ts'
import { EngineFailure } from './engine-failure.ts'
import { type OnnxModel, openModel } from './onnx-model.ts'

/** What an answer depends on, and nothing else. */
export interface OnnxJob {
  readonly kind: 'onnx'
  /** Content hash of the model, hex. */
  readonly root: string
  readonly model: Uint8Array
  /** UTF-8. */
  readonly prompt: Uint8Array
  readonly maxTokens: number
  /** Whole number: which of equally good letters are taken. */
  readonly seed: number
}

/** Runs ONNX models by content hash. Equal jobs give equal tokens, on every machine. A model that does not check is not kept. */
export class OnnxEngine {
  readonly #kept: number
  readonly #models = new Map<string, Promise<OnnxModel>>()

  constructor(kept = 8) {
    this.#kept = kept
  }

  /** Tokens as they are made. Each is a letter of the answer. */
  async *answer(job: OnnxJob, signal?: AbortSignal): AsyncGenerator<readonly number[]> {
    const model = await this.#open(job)
    if (model.card.kind === 'classifier') yield await judged(model, job)
    else yield* written(model, job, signal)
  }

  #open({ root, model }: OnnxJob): Promise<OnnxModel> {
    const known = this.#models.get(root)
    if (known !== undefined) return known
    const opening = openModel(model, root)
    this.#models.set(root, opening)
    opening.catch(() => this.#models.delete(root))
    if (this.#models.size > this.#kept) this.#models.delete(this.#models.keys().next().value as string)
    return opening
  }
}

/** `high 0.871`: the likeliest label and its share. */
async function judged(model: OnnxModel, { prompt, maxTokens }: OnnxJob): Promise<readonly number[]> {
  const ids = wordIds(textFrom(prompt))
  const { scores } = await model.run({ words: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]) })
  const values = floatsOf(scores, 'scores')
  const labels = (model.card.details.labels ?? '').split(',')
  const best = values.indexOf(Math.max(...values))
  const total = values.reduce((sum, score) => sum + Math.exp(score - (values[best] as number)), 0)
  return letterTokens(`${labels[best]} ${(1 / total).toFixed(3)}`).slice(0, maxTokens)
}

/** Letter by letter; what attention needs of earlier letters is kept, so each costs one step. */
async function* written(model: OnnxModel, { prompt, maxTokens, seed }: OnnxJob, signal?: AbortSignal): AsyncGenerator<readonly number[]> {
  const { letters = '', context = '0', width = '0' } = model.card.details
  // Half for the prompt, half for the answer: what is asked for at most must not change what comes.
  const room = Math.floor(Number(context) / 2)
  const read = Array.from(textFrom(prompt).toLowerCase(), (letter) => Math.max(0, letters.indexOf(letter))).slice(-room)
  let next = read.length === 0 ? [0] : read
  let past = { keys: empty(Number(width)), values: empty(Number(width)), length: 0 }
  for (let made = 0; made < Math.min(maxTokens, room) && signal?.aborted !== true; made++) {
    const out = await model.run(stepInputs(next, past))
    const scores = floatsOf(out.scores, 'scores').slice(-letters.length)
    past = { keys: out.keys as ort.Tensor, values: out.values as ort.Tensor, length: past.length + next.length }
    const letter = chosen(scores, seed, made)
    next = [letter]
    yield letterTokens(letters[letter] ?? ' ')
  }
}

function stepInputs(ids: readonly number[], past: { readonly keys: ort.Tensor; readonly values: ort.Tensor; readonly length: number }) {
  const all = past.length + ids.length
  const mask = new Float32Array(ids.length * all)
  for (let row = 0; row < ids.length; row++) mask.fill(HIDDEN, row * all + past.length + row + 1, (row + 1) * all)
  return {
    letters: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
    places: new ort.Tensor(
      'int64',
      BigInt64Array.from(ids, (_, index) => BigInt(past.length + index)),
      [1, ids.length],
    ),
    mask: new ort.Tensor('float32', mask, [ids.length, all]),
    past_keys: past.keys,
    past_values: past.values,
  }
}

/** Mostly the best letter, one time in eight the second: only comparisons and whole numbers decide, so nothing rounds. */
function chosen(scores: readonly number[], seed: number, index: number): number {
  const ranked = scores
    .map((score, letter) => ({ score, letter }))
    .sort((left, right) => right.score - left.score || left.letter - right.letter)
  let mixed = Math.imul((seed ^ Math.imul(index + 1, 0x9e3779b1)) | 0, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35)
  const rank = ((mixed ^ (mixed >>> 16)) & 7) === 0 ? 1 : 0
  return ranked[Math.min(rank, ranked.length - 1)]?.letter ?? 0
}

function floatsOf(tensor: ort.Tensor | undefined, name: string): number[] {
  if (tensor?.data instanceof Float32Array) return [...tensor.data]
  throw new EngineFailure('bad-model', `expected an output ${name} of 32-bit numbers, found ${tensor?.type ?? 'none'}`)
}

const empty = (width: number): ort.Tensor => new ort.Tensor('float32', new Float32Array(0), [1, 0, width])
const textFrom = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const HIDDEN = -1e9
