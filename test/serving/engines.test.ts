import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyFolder, infermesh } from '../end-to-end/infermesh.ts'

const upstream: Server = createServer(async (request, response) => {
  let body = ''
  for await (const part of request) body += part
  const { model } = JSON.parse(body) as { readonly model: string }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const content of [`I am ${model}`, ', elsewhere.'])
    response.write(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
  response.end('data: [DONE]\n\n')
})
let url = ''
beforeAll(async () => {
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`
})
afterAll(() => {
  upstream.close().closeAllConnections()
})

test('models that are really run are published, served, made again bit for bit by verifiers, and paid', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'real.yaml'), scenario.replace('URL', url))

  const { code, stdout, stderr } = await infermesh(['run', 'real.yaml', '--world', 'process', '--json', '--out', 'run'], folder)

  const run = JSON.parse(stdout) as {
    readonly metrics: Readonly<Record<string, number>>
    readonly checks: readonly { readonly held: boolean }[]
  }
  expect([code, run.checks.filter(({ held }) => !held), stderr]).toEqual([0, [], stderr])
  const events = readFileSync(join(folder, 'run', 'trace.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).event)
  const verdicts = events.filter(({ type }) => type === 'verdictGiven').map(({ verdict }) => verdict)
  expect(verdicts.length).toBeGreaterThan(5)
  expect(new Set(verdicts)).toEqual(new Set(['match']))
  // An answer that ends by itself is shorter than what was asked for: "low 0.912".
  const ended = events.filter(({ type, outcome }) => type === 'requestEnded' && outcome === 'ok')
  expect(new Set(ended.filter(({ model }) => model === 'acme/risk@1.0').map(({ tokens }) => tokens <= 'medium 0.999'.length))).toEqual(
    new Set([true]),
  )
  expect(new Set(ended.filter(({ model }) => model === 'far/big@1.0').map(({ tokens }) => tokens))).toEqual(
    new Set(['I am big-model, elsewhere.'.length]),
  )
}, 120_000)

test('a real model in a world without waiting is refused before anything starts', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'real.yaml'), scenario.replace('URL', url))

  const { code, stderr } = await infermesh(['run', 'real.yaml', '--world', 'message', '--json'], folder)

  expect(code).toBe(2)
  expect(stderr).toContain(
    'world: expected process for acme/risk@1.0, acme/writer@1.0, far/big@1.0, which real engines answer, found message',
  )
})

test('a model file that is not there is told by its model’s name', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'real.yaml'), scenario.replace('onnx: risk-classifier', 'onnx: nowhere.onnx').replace('URL', url))

  const { code, stderr } = await infermesh(['run', 'real.yaml', '--world', 'process', '--json'], folder)

  expect(code).toBe(2)
  expect(stderr).toMatch(/acme\/risk@1\.0: onnx: .*nowhere\.onnx/)
})

const scenario = `
name: real-engines
about: Small trained models, and one that another server runs.
seed: 3
worlds: [process]
parameters:
  audit: { ratePerMille: 1000 }
  settlement: { challengeWindow: 4s, batch: { size: 20, idle: 1s, maxAge: 3s } }
peers: { gateway: 1, operator: 2, hub: 1, verifier: 3, settler: 4 }
models:
  acme/risk@1.0: { public: { operators: [operator] }, onnx: risk-classifier }
  acme/writer@1.0: { public: { operators: [operator] }, onnx: clause-writer }
  far/big@1.0: { public: { operators: [operator] }, openai: { url: "URL", model: big-model } }
load:
  - { client: 1, model: acme/risk@1.0, rate: 2/s, from: 3s, until: 6s, prompt: 20 tokens, answer: 40 tokens }
  - { client: 1, model: acme/writer@1.0, rate: 2/s, from: 3s, until: 6s, prompt: 20 tokens, answer: 100 tokens }
  - { client: 1, model: far/big@1.0, rate: 2/s, from: 3s, until: 6s, prompt: 20 tokens, answer: 100 tokens }
expect:
  - requests.success_rate == 100%
  - requests.total > 6
  - verification.checked > 3
  - verification.false_accusations == 0
  - receipts.void == 0
  - settlement.conserved
`
