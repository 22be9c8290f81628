import { expect, test } from 'vitest'
import { parseWithBytes, stringifyWithBytes } from './json-bytes.ts'

test('bytes survive JSON at any depth, buffers included', () => {
  const value = { key: new Uint8Array([1, 2, 255]), list: [{ inner: Buffer.from('ab') }], empty: new Uint8Array(), text: 'x', none: null }

  const back = parseWithBytes(stringifyWithBytes(value))

  expect(back).toEqual({ ...value, list: [{ inner: new Uint8Array([97, 98]) }] })
})
