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
  const events = eventsOf(join(folder, 'run'))
  const verdicts = verdictsOf(join(folder, 'run'))
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

test('a stack stands still while a model is really run: the same seed gives the same answers, and verifiers make them again', async () => {
  const folder = emptyFolder()
  const lines = scenario.split('\n').filter((line) => !line.includes('far/big'))
  writeFileSync(
    join(folder, 'real.yaml'),
    lines
      .join('\n')
      .replace('[process]', '[stack]')
      .replace('total > 6', 'total > 4')
      .replace('duplicates == 0', 'duplicates == 0\n  - receipts.void == 0'),
  )

  const runs = await Promise.all(
    ['one', 'two'].map((out) => infermesh(['run', 'real.yaml', '--world', 'stack', '--json', '--out', out], folder)),
  )

  const [one, two] = runs.map(
    ({ stdout }) => JSON.parse(stdout) as { readonly traceHash: string; readonly checks: readonly { held: boolean }[] },
  )
  expect(runs.map(({ code }) => code)).toEqual([0, 0])
  expect(one?.checks.filter(({ held }) => !held)).toEqual([])
  expect(two?.traceHash).toBe(one?.traceHash)
  const verdicts = verdictsOf(join(folder, 'one'))
  expect(verdicts.length).toBeGreaterThan(5)
  expect(new Set(verdicts)).toEqual(new Set(['match']))
}, 120_000)

test('a real model in a world that cannot wait for it is refused with its line, before anything starts', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'real.yaml'), scenario.replace('URL', url))

  const [messages, stack] = await Promise.all(
    ['message', 'stack'].map((world) => infermesh(['run', 'real.yaml', '--world', world, '--json'], folder)),
  )

  expect([messages?.code, stack?.code]).toEqual([2, 2])
  expect(messages?.stderr).toMatch(/real\.yaml:11:\d+ models\.acme\/risk@1\.0\.onnx: expected the world process or stack .*, found message/)
  expect(stack?.stderr).toMatch(/real\.yaml:13:\d+ models\.far\/big@1\.0\.openai: expected the world process .*, found stack/)
  expect(stack?.stderr).not.toContain('risk@1.0')
})

test('a model that cannot run is told to the client with the operator’s name, and nothing of it is receipted or charged', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'broken.onnx'), 'no model at all')
  const lines = scenario.split('\n').filter((line) => !/far\/big|acme\/writer/.test(line))
  const text = lines.join('\n').replace('[process]', '[stack]').replace('risk-classifier', 'broken.onnx')
  writeFileSync(join(folder, 'broken.yaml'), text.slice(0, text.indexOf('expect:')))

  const { code, stdout } = await infermesh(['run', 'broken.yaml', '--world', 'stack', '--json', '--out', 'run'], folder)

  expect(code).toBe(0)
  const { metrics } = JSON.parse(stdout)
  expect(metrics).toMatchObject({ 'requests.ok': 0, 'requests.unfinished': 0, 'receipts.issued': 0, 'billing.charged': 0 })
  const ends = eventsOf(join(folder, 'run')).filter(({ type }) => type === 'requestEnded')
  expect(ends.length).toBeGreaterThan(2)
  for (const { code: reason, detail } of ends)
    expect([reason, detail]).toEqual(['not-serving', expect.stringMatching(/^operator-\d: expected (an ONNX model|operator set 17)/)])
}, 60_000)

test('a model file that is not there is told by its model’s name', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'real.yaml'), scenario.replace('onnx: risk-classifier', 'onnx: nowhere.onnx').replace('URL', url))

  const { code, stderr } = await infermesh(['run', 'real.yaml', '--world', 'process', '--json'], folder)

  expect(code).toBe(2)
  expect(stderr).toMatch(/acme\/risk@1\.0: onnx: .*nowhere\.onnx/)
})

const eventsOf = (run: string) =>
  readFileSync(join(run, 'trace.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).event)
const verdictsOf = (run: string): readonly string[] =>
  eventsOf(run)
    .filter(({ type }) => type === 'verdictGiven')
    .map(({ verdict }) => verdict)

/** In processes a busy machine may make a gateway give up on an operator that still works, whose receipt then is void. */
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
  - billing.duplicates == 0
  - settlement.conserved
`
