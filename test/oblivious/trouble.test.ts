import { expect, test } from 'vitest'
import { emptyFolder, infermesh, scenario } from '../end-to-end/infermesh.ts'

test('with a relay lost, the issuer and a gateway gone for a while and keys that change, only what may have been done is not sent again', async () => {
  const ran = await infermesh(['run', scenario('oblivious-trouble.yaml'), '--world', 'message', '--out', 'trouble'], emptyFolder())

  expect(ran.code, ran.stdout).toBe(0)
  expect(ran.stdout).toContain('fault acted: crash relay-0')
}, 60_000)
