import type { ChildProcess } from 'node:child_process'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyFolder, infermesh, lives, printed, scenario, start } from './infermesh.ts'

const folder = emptyFolder()
let testnet: ChildProcess
let endpoint = ''
let pids: readonly number[] = []

interface PsResult {
  readonly peers: readonly { readonly name: string; readonly state: string; readonly pid?: number; readonly restarts: number }[]
}

const ps = async (): Promise<PsResult> => JSON.parse((await infermesh(['ps', '--json'], folder)).stdout) as PsResult

beforeAll(async () => {
  testnet = start(['up', scenario('small.yaml'), '--port', '0'], folder)
  const [, url = ''] = await printed(testnet, /OpenAI-compatible endpoint: (\S+)/)
  endpoint = url
  pids = (await ps()).peers.flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
}, 60_000)

afterAll(() => {
  testnet.kill('SIGTERM')
})

describe('an unmodified OpenAI client', () => {
  const client = (): OpenAI => new OpenAI({ baseURL: endpoint, apiKey: 'none', maxRetries: 0 })

  test('lists the models', async () => {
    await expect
      .poll(async () => (await client().models.list()).data.map((model) => model.id).sort(), { timeout: 20_000 })
      .toEqual(['acme/contract-risk@1.0', 'open/summarizer@1.2'])
  })

  test('gets a completion, with usage and a receipt', async () => {
    const { data, response } = await client()
      .chat.completions.create({ model: 'open/summarizer@1.2', messages: [{ role: 'user', content: 'hello there' }], max_tokens: 12 })
      .withResponse()

    expect(data.choices[0]?.message.content).not.toBe('')
    expect(data.usage?.completion_tokens).toBe(12)
    expect(response.headers.get('x-infermesh-receipt')).toMatch(/^[0-9a-f]{64}$/)
  })

  test('gets the same answer for the same seed, from the private model too, as a stream', async () => {
    const ask = async (): Promise<string> => {
      const stream = await client().chat.completions.create({
        model: 'acme/contract-risk@1.0',
        messages: [{ role: 'user', content: 'is this risky?' }],
        max_tokens: 20,
        seed: 7,
        stream: true,
      })
      let text = ''
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
      return text
    }

    const first = await ask()
    expect(first).not.toBe('')
    expect(await ask()).toBe(first)
  })

  test('gets an OpenAI-shaped error for an unknown model', async () => {
    await expect(
      client().chat.completions.create({ model: 'nobody/nothing@1.0', messages: [{ role: 'user', content: 'x' }] }),
    ).rejects.toMatchObject({ status: 404, code: 'unknown-model' })
  })

  test('gets an OpenAI-shaped error for a bad body', async () => {
    await expect(client().chat.completions.create({ model: 'open/summarizer@1.2', messages: 'no list' as never })).rejects.toMatchObject({
      status: 400,
    })
  })
})

test('curl streams events that end with the receipt', async () => {
  const body = JSON.stringify({ model: 'open/summarizer@1.2', messages: [{ role: 'user', content: 'hi' }], max_tokens: 5, stream: true })

  const { stdout } = await promisify(execFile)('curl', [
    '-sN',
    `${endpoint}/chat/completions`,
    '-H',
    'content-type: application/json',
    '-d',
    body,
  ])

  const events = stdout.split('\n').filter((line) => line.startsWith('data: '))
  expect(events.at(-1)).toBe('data: [DONE]')
  expect(stdout).toMatch(/"receipt_id":"[0-9a-f]{64}"/)
})

test('a crashed operator is told, is gone, and comes back', async () => {
  expect((await infermesh(['fault', 'operator-0', 'crash'], folder)).stdout).toMatch(/^crash operator-0: done/)
  expect((await ps()).peers.find(({ name }) => name === 'operator-0')?.state).not.toBe('running')
  expect((await infermesh(['fault', 'operator-0', 'restart'], folder)).stdout).toMatch(/^restart operator-0: done/)
  expect((await ps()).peers.find(({ name }) => name === 'operator-0')).toMatchObject({ state: 'running', restarts: 1 })
})

test('a fault of scenarios is measured, lasts until it is healed, and is refused with what was expected', async () => {
  const delayed = await infermesh(['fault', 'gateway-0', 'delay', '80ms'], folder)
  const wrong = await infermesh(['fault', 'gateway-0', 'delay', '80parsecs'], folder)
  const healed = await infermesh(['fault', 'gateway-0', 'heal'], folder)

  expect(Number(/addedMs ([\d.]+)/.exec(delayed.stdout)?.[1]), delayed.stderr).toBeGreaterThan(40)
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toMatch(/delay: expected a duration/)
  expect(healed.stdout).toBe('heal gateway-0: done (healed 1)\n')
})

test('a fault on an unknown peer or of an unknown kind is refused with what was expected', async () => {
  const unknownPeer = await infermesh(['fault', 'nobody-0', 'crash'], folder)
  const unknownKind = await infermesh(['fault', 'operator-0', 'melt'], folder)

  expect([unknownPeer.code, unknownKind.code]).toEqual([2, 2])
  expect(unknownPeer.stderr).toContain('nobody-0')
  expect(unknownKind.stderr).toContain('melt')
})

test('logs print, and a port in use starts nothing', async () => {
  expect((await infermesh(['logs', 'operator-0'], folder)).code).toBe(0)

  const second = await infermesh(['up', scenario('small.yaml'), '--name', 'second', '--port', new URL(endpoint).port], folder)

  expect(second.code).toBe(2)
  expect(second.stderr).toMatch(/expected port \d+ on 127.0.0.1 to be free/)
})

test('down leaves no process behind', async () => {
  pids = [...pids, ...(await ps()).peers.flatMap(({ pid }) => (pid === undefined ? [] : [pid]))]

  expect((await infermesh(['down'], folder)).stdout).toBe('small is down\n')

  expect(pids.filter(lives)).toEqual([])
  expect((await infermesh(['ps'], folder)).stderr).toContain('no testnet is up here')
})
