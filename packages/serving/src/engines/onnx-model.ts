import { createHash } from 'node:crypto'
import proto from 'onnx-proto'
import * as ort from 'onnxruntime-web'
import { EngineFailure } from './engine-failure.ts'
import { type ModelCard, OPERATOR_SET } from './onnx-writer.ts'

// One thread: the same bits on every CPU type, which more threads and the native build do not give.
ort.env.wasm.numThreads = 1

const { onnx } = proto

type Port = { readonly name: string; readonly elements: number; readonly rank: number }

const INT64 = onnx.TensorProto.DataType.INT64
const FLOAT = onnx.TensorProto.DataType.FLOAT

/** The inputs that each kind of model must take: name, element type, rank. */
const expected: Readonly<Record<ModelCard['kind'], readonly Port[]>> = {
  classifier: [{ name: 'words', elements: INT64, rank: 2 }],
  writer: [
    { name: 'letters', elements: INT64, rank: 2 },
    { name: 'places', elements: INT64, rank: 2 },
    { name: 'mask', elements: FLOAT, rank: 2 },
    { name: 'past_keys', elements: FLOAT, rank: 3 },
    { name: 'past_values', elements: FLOAT, rank: 3 },
  ],
}

export interface OnnxModel {
  readonly card: ModelCard
  run(inputs: Readonly<Record<string, ort.Tensor>>): Promise<Readonly<Record<string, ort.Tensor>>>
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The runtime has one thread and does not bear two calls at once, of one model or of two: each waits for the one before. */
let before: Promise<unknown> = Promise.resolve()

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = before.then(work, work)
  before = mine.catch(() => undefined)
  return mine
}

/** Checks hash, operator set and inputs, in this order, before the runtime sees a byte. */
export async function openModel(bytes: Uint8Array, root: string): Promise<OnnxModel> {
  const found = sha256(bytes)
  if (found !== root) throw new EngineFailure('hash-mismatch', `expected a model with hash ${root}, found ${found}`)
  const card = inspect(bytes)
  const session = await started(bytes)
  return {
    card,
    async run(inputs) {
      try {
        return await inTurn(() => session.run({ ...inputs }))
      } catch (error) {
        throw new EngineFailure('bad-input', `the model did not run: ${messageOf(error)}`, { cause: error })
      }
    },
  }
}

async function started(bytes: Uint8Array): Promise<ort.InferenceSession> {
  try {
    return await inTurn(() => ort.InferenceSession.create(bytes, { executionProviders: ['wasm'], graphOptimizationLevel: 'basic' }))
  } catch (error) {
    throw new EngineFailure('bad-model', `expected a model that ONNX Runtime can load: ${messageOf(error)}`, { cause: error })
  }
}

function inspect(bytes: Uint8Array): ModelCard {
  const model = decoded(bytes)
  const version = Number(model.opsetImport.find(({ domain }) => (domain ?? '') === '')?.version ?? 0)
  if (version !== OPERATOR_SET) throw new EngineFailure('bad-model', `expected operator set ${OPERATOR_SET}, found ${version}`)
  const details = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key ?? '', value ?? '']))
  const { 'infermesh.kind': kind, ...rest } = details
  if (kind !== 'classifier' && kind !== 'writer')
    throw new EngineFailure('bad-model', `expected infermesh.kind to be classifier or writer, found ${kind ?? 'none'}`)
  for (const port of expected[kind]) checkPort(port, model.graph?.input ?? [])
  return { kind, details: rest }
}

function decoded(bytes: Uint8Array) {
  try {
    return onnx.ModelProto.decode(bytes)
  } catch (error) {
    throw new EngineFailure('bad-model', `expected an ONNX model, found ${bytes.length} bytes that do not decode: ${messageOf(error)}`)
  }
}

function checkPort({ name, elements, rank }: Port, inputs: readonly proto.onnx.IValueInfoProto[]): void {
  const type = inputs.find((input) => input.name === name)?.type?.tensorType
  const found = type === undefined || type === null ? 'none' : `element type ${type.elemType}, ${type.shape?.dim?.length ?? 0} dimensions`
  if (type?.elemType === elements && type.shape?.dim?.length === rank) return
  throw new EngineFailure('bad-model', `expected an input ${name} of element type ${elements} with ${rank} dimensions, found ${found}`)
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
