import proto from 'onnx-proto'
import { expect, test } from 'vitest'
import { riskLabels } from '../models/clause-text.ts'
import { letters, trainClauseWriter } from '../models/clause-writer.ts'
import { trainRiskClassifier } from '../models/risk-classifier.ts'
import { textOf } from '../vocabulary.ts'
import { OnnxEngine, type OnnxJob } from './onnx-engine.ts'
import { sha256 } from './onnx-model.ts'
import { classifierBytes, writerBytes } from './onnx-writer.ts'
import { trainedModel, trainedModelNames } from './trained-models.ts'

const classifier = trainedModel('risk-classifier')
const writer = trainedModel('clause-writer')
const { onnx } = proto

test('training writes the same bytes each time, and the classifier’s are those that come with the package', () => {
  const written = classifierBytes(trainRiskClassifier(), riskLabels)
  const [first, second] = [0, 1].map(() => writerBytes(trainClauseWriter(1, 20).weights, letters))

  expect(sha256(written)).toBe(sha256(classifier))
  expect(sha256(first ?? written)).toBe(sha256(second ?? classifier))
  expect(trainedModelNames.map((name) => trainedModel(name).length)).toEqual([classifier.length, writer.length])
})

test('the classifier tells clauses apart that it was not shown', async () => {
  const answers = await Promise.all(
    [
      'Each party may review the keys at any time.',
      'The tenant must provide the keys after written notice.',
      'The seller waives any claim forever.',
    ].map((prompt) => answerOf({ ...jobOf(classifier), prompt: bytesOf(prompt) })),
  )

  expect(answers.map((answer) => answer.split(' ')[0])).toEqual(['low', 'medium', 'high'])
  for (const answer of answers) expect(Number(answer.split(' ')[1])).toBeGreaterThan(0.6)
})

test('the writer’s letters are the same alone, in another engine and after a shorter answer; another seed gives others', async () => {
  const job = { ...jobOf(writer), prompt: bytesOf('the buyer shall '), maxTokens: 60 }
  const whole = await answerOf(job)

  expect(whole).toHaveLength(60)
  expect(whole).toMatch(/^[ a-z.]+$/)
  expect(await answerOf(job, new OnnxEngine())).toBe(whole)
  expect(await answerOf({ ...job, maxTokens: 25 })).toBe(whole.slice(0, 25))
  expect(await answerOf({ ...job, seed: 2 })).not.toBe(whole)
})

test.each([
  ['other bytes', classifier, { root: '00'.repeat(32) }, 'hash-mismatch', /expected a model with hash 0{64}, found 7741/],
  ['no model', bytesOf('not a model at all'), {}, 'bad-model', /expected an ONNX model|expected operator set 17/],
  [
    'another operator set',
    changed((model) => Object.assign(model.opsetImport[0] ?? {}, { version: 9 })),
    {},
    'bad-model',
    'expected operator set 17, found 9',
  ],
  [
    'an unknown kind',
    changed((model) => model.metadataProps.splice(0)),
    {},
    'bad-model',
    'expected infermesh.kind to be classifier or writer, found none',
  ],
  [
    'an input of another type',
    changed((model) => Object.assign(model.graph?.input?.[0]?.type?.tensorType ?? {}, { elemType: 1 })),
    {},
    'bad-model',
    'expected an input words of element type 7 with 2 dimensions, found element type 1, 2 dimensions',
  ],
  [
    'an input of another shape',
    changed((model) => model.graph?.input?.[0]?.type?.tensorType?.shape?.dim?.pop()),
    {},
    'bad-model',
    'found element type 7, 1 dimensions',
  ],
  [
    'an unknown operator',
    changed((model) => Object.assign(model.graph?.node?.[0] ?? {}, { opType: 'Guess' })),
    {},
    'bad-model',
    'ONNX Runtime can load',
  ],
] as const)('refuses %s in plain words, and keeps nothing of it', async (...[, model, changes, code, words]) => {
  const engine = new OnnxEngine()
  const job = { ...jobOf(model), ...changes }

  for (let attempt = 0; attempt < 2; attempt++)
    await expect(answerOf(job, engine)).rejects.toMatchObject({
      code,
      message: typeof words === 'string' ? expect.stringContaining(words) : expect.stringMatching(words),
    })
  expect(await answerOf({ ...job, root: sha256(classifier), model: classifier }, engine)).toMatch(/^\w+ 0\.\d{3}$/)
})

const shared = new OnnxEngine()

function jobOf(model: Uint8Array): OnnxJob {
  return { kind: 'onnx', root: sha256(model), model, prompt: bytesOf('the seller waives any claim.'), maxTokens: 64, seed: 1 }
}

async function answerOf(job: OnnxJob, engine = shared): Promise<string> {
  const tokens: number[] = []
  for await (const made of engine.answer(job)) tokens.push(...made)
  return textOf(tokens)
}

function changed(change: (model: proto.onnx.ModelProto) => unknown): Uint8Array {
  const model = onnx.ModelProto.decode(trainedModel('risk-classifier'))
  change(model)
  return Uint8Array.from(onnx.ModelProto.encode(model).finish())
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
