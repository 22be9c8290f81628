import proto from 'onnx-proto'
import { sizeOf, type WriterWeights, weightNames, writerShape } from '../models/clause-writer.ts'
import { type RiskClassifier, wordRows } from '../models/risk-classifier.ts'

const { onnx } = proto
const FLOAT = onnx.TensorProto.DataType.FLOAT
const INT64 = onnx.TensorProto.DataType.INT64

/** The operator set that models are written in, and the only one that the engine takes. */
export const OPERATOR_SET = 17
const FORMAT = 8

/** What a model says of itself: which of the engine's two ways to run it, and what its letters or labels are. */
export interface ModelCard {
  readonly kind: 'classifier' | 'writer'
  readonly details: Readonly<Record<string, string>>
}

interface Graph {
  readonly name: string
  readonly nodes: ReturnType<typeof node>[]
  readonly weights: ReturnType<typeof tensor>[]
  readonly inputs: ReturnType<typeof port>[]
  readonly outputs: ReturnType<typeof port>[]
}

/** `words` [1, n] in, `scores` [1, labels] out: the mean of the words' rows, and a bias. */
export const classifierBytes = ({ table, bias }: RiskClassifier, labels: readonly string[]): Uint8Array =>
  modelBytes(
    {
      name: 'risk-classifier',
      nodes: [
        node('Gather', ['table', 'words'], ['rows']),
        node('ReduceMean', ['rows'], ['mean'], [ints('axes', [1]), int('keepdims', 0)]),
        node('Add', ['mean', 'bias'], ['scores']),
      ],
      weights: [tensor('table', [wordRows, labels.length], table), tensor('bias', [labels.length], bias)],
      inputs: [port('words', INT64, [1, 'words'])],
      outputs: [port('scores', FLOAT, [1, labels.length])],
    },
    { kind: 'classifier', details: { labels: labels.join(',') } },
  )

/** Letters and what was kept of earlier ones in; scores of the next letters and what to keep out. */
export function writerBytes(weights: WriterWeights, letters: string): Uint8Array {
  const { width, context } = writerShape
  const kept = (name: string, length: string) => port(name, FLOAT, [1, length, width])
  return modelBytes(
    {
      name: 'clause-writer',
      nodes: writerNodes(),
      weights: [
        ...weightNames.map((name) => tensor(name, sizeOf(name), Float32Array.from(weights[name]))),
        tensor('scale', [1], Float32Array.of(1 / Math.sqrt(width))),
      ],
      inputs: [
        port('letters', INT64, [1, 'new']),
        port('places', INT64, [1, 'new']),
        port('mask', FLOAT, ['new', 'all']),
        kept('past_keys', 'past'),
        kept('past_values', 'past'),
      ],
      outputs: [port('scores', FLOAT, [1, 'new', letters.length]), kept('keys', 'all'), kept('values', 'all')],
    },
    { kind: 'writer', details: { letters, context: String(context), width: String(width) } },
  )
}

const writerNodes = (): Graph['nodes'] => [
  node('Gather', ['embed', 'letters'], ['letter']),
  node('Gather', ['place', 'places'], ['placed']),
  node('Add', ['letter', 'placed'], ['input']),
  node('MatMul', ['input', 'query'], ['queries']),
  node('MatMul', ['input', 'key'], ['new_keys']),
  node('MatMul', ['input', 'value'], ['new_values']),
  node('Concat', ['past_keys', 'new_keys'], ['keys'], [int('axis', 1)]),
  node('Concat', ['past_values', 'new_values'], ['values'], [int('axis', 1)]),
  node('Transpose', ['keys'], ['turned'], [ints('perm', [0, 2, 1])]),
  node('MatMul', ['queries', 'turned'], ['products']),
  node('Mul', ['products', 'scale'], ['scaled']),
  node('Add', ['scaled', 'mask'], ['masked']),
  node('Softmax', ['masked'], ['shares'], [int('axis', -1)]),
  node('MatMul', ['shares', 'values'], ['gathered']),
  node('MatMul', ['gathered', 'mix'], ['mixed']),
  node('Add', ['input', 'mixed'], ['middle']),
  node('MatMul', ['middle', 'up'], ['raised']),
  node('Relu', ['raised'], ['positive']),
  node('MatMul', ['positive', 'down'], ['lowered']),
  node('Add', ['middle', 'lowered'], ['output']),
  node('MatMul', ['output', 'head'], ['scores']),
]

/** Equal graphs give equal bytes: nothing in a file names a time, a machine or a version of ours. */
function modelBytes(graph: Graph, { kind, details }: ModelCard, operatorSet = OPERATOR_SET): Uint8Array {
  const entries = Object.entries({ 'infermesh.kind': kind, ...details })
  const model = onnx.ModelProto.create({
    irVersion: FORMAT,
    producerName: 'infermesh',
    opsetImport: [{ domain: '', version: operatorSet }],
    graph: {
      name: graph.name,
      node: graph.nodes,
      initializer: graph.weights,
      input: graph.inputs,
      output: graph.outputs,
    },
    metadataProps: entries.map(([key, value]) => ({ key, value })),
  })
  return Uint8Array.from(onnx.ModelProto.encode(model).finish())
}

const node = (opType: string, input: string[], output: string[], attribute: proto.onnx.IAttributeProto[] = []) => ({
  opType,
  input,
  output,
  name: `${opType} ${output[0]}`,
  attribute,
})

const int = (name: string, value: number) => ({ name, type: onnx.AttributeProto.AttributeType.INT, i: value })
const ints = (name: string, values: number[]) => ({ name, type: onnx.AttributeProto.AttributeType.INTS, ints: values })

const tensor = (name: string, dims: readonly number[], values: Float32Array) => ({
  name,
  dims: [...dims],
  dataType: FLOAT,
  rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
})

const port = (name: string, elemType: number, shape: readonly (number | string)[]) => ({
  name,
  type: {
    tensorType: { elemType, shape: { dim: shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size })) } },
  },
})
