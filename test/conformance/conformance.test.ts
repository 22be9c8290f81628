import { describe, expect, test } from 'vitest'
import { conformanceCases } from './conformance-cases.ts'
import { messageAdapter } from './message-adapter.ts'
import { mixedAdapters, stackAdapter } from './stack-adapter.ts'
import { tcpAdapter } from './stack-tcp-adapter.ts'

/** Every world under test. A further world is one more line. */
const worlds = [messageAdapter, stackAdapter, ...mixedAdapters, tcpAdapter]

for (const world of worlds) {
  describe(`the ${world.name} world`, () => {
    for (const conformanceCase of conformanceCases) {
      test(`${conformanceCase.promise}: ${conformanceCase.name}`, async () => {
        const records = await world.run(conformanceCase)

        expect(conformanceCase.check(records)).toBeUndefined()
      })
    }
  })
}
