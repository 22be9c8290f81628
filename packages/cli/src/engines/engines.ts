import type { Job, JobResult } from '@infermesh/kernel'
import type { EngineJob } from '@infermesh/peers'

interface ComputeStep {
  readonly result: JobResult
  readonly last: boolean
}

/** Key for proxied servers that want one. It stays in the environment of the process that asks. */
const API_KEY = 'INFERMESH_UPSTREAM_KEY'
/** Left out of peers' bundles: most peers never compute, and it finds its WebAssembly beside itself. */
export const ENGINES_PACKAGE = '@infermesh/serving/engines'

type Engines = Awaited<ReturnType<typeof load>>
let loaded: Promise<Engines> | undefined

async function load() {
  const { EngineFailure, OnnxEngine, OpenAiEngine } = await import('@infermesh/serving/engines')
  return { EngineFailure, onnx: new OnnxEngine(), proxy: new OpenAiEngine(process.env[API_KEY]) }
}

/** Does the jobs of a peer's machine: token ids as they come, then an end. A failure is a result with a code, never a throw. */
export async function* computeJob(job: Job, signal: AbortSignal): AsyncGenerator<ComputeStep> {
  loaded ??= load()
  const engines = await loaded
  try {
    for await (const value of tokensFor(job as EngineJob, engines, signal)) yield { result: { ok: true, value }, last: false }
    yield { result: { ok: true, value: [] }, last: true }
  } catch (error) {
    if (!(error instanceof engines.EngineFailure)) throw error
    yield { result: { ok: false, code: error.code, detail: error.message }, last: true }
  }
}

function tokensFor(job: EngineJob, { onnx, proxy }: Engines, signal: AbortSignal): AsyncIterable<readonly number[]> {
  switch (job.kind) {
    case 'onnx':
      return onnx.answer(job, signal)
    case 'openai':
      return proxy.answer(job, signal)
    default:
      throw new Error(`no engine does jobs of kind ${(job as Job).kind}`)
  }
}
