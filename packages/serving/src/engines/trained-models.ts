import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Models that come with the package. `node packages/serving/models/train.ts` makes the same bytes again. */
export const trainedModelNames = ['risk-classifier', 'clause-writer'] as const

/** ONNX bytes by name, or from a file. */
export function trainedModel(nameOrPath: string): Uint8Array {
  const known = trainedModelNames.find((name) => name === nameOrPath)
  const path = known === undefined ? nameOrPath : fileURLToPath(new URL(`../../models/${known}.onnx`, import.meta.url))
  if (!path.endsWith('.onnx')) throw new Error(`expected one of ${trainedModelNames.join(', ')}, or an .onnx file, got "${nameOrPath}"`)
  return new Uint8Array(readFileSync(path))
}
