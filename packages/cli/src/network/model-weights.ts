import { toHex } from '@infermesh/protocol'
import { trainedModel } from '@infermesh/serving/engines'
import { UserError } from '../user-error.ts'

/** A model's bytes as a plan carries them. */
export function onnxWeights(model: string, nameOrPath: string): { readonly hex: string } {
  try {
    return { hex: toHex(trainedModel(nameOrPath)) }
  } catch (error) {
    if (error instanceof Error) throw new UserError(`${model}: onnx: ${error.message}`)
    throw error
  }
}

/** What stands for the weights of a model that runs elsewhere: its name there. */
export const proxyWeights = (upstream: string): { readonly hex: string } => ({
  hex: toHex(new TextEncoder().encode(`proxied model ${upstream}`)),
})
