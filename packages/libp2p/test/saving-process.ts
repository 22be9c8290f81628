import { writeSync } from 'node:fs'
import { emit, save, setTimer } from '@infermesh/kernel'
import { EffectLoop } from '../src/loop/effect-loop.ts'
import { SqliteStore } from '../src/store/sqlite-store.ts'

// Saves rising numbers under a few keys and says each one aloud only in the next effect, until it is killed: from outside, or
// by itself before a given effect.
const [file = '', last = 'never'] = process.argv.slice(2)
let effects = 0
const store = new SqliteStore({ file, peer: 'saver' })
let count = 0
const loop: EffectLoop = new EffectLoop({
  machine: {
    handle() {
      count++
      const value = new Uint8Array(new Float64Array([count]).buffer)
      return [save(`key ${count % 7}`, value), emit({ type: `${count}\n` }), setTimer('next', 0)]
    },
  },
  now: () => 0,
  timers: { after: (_, callback) => clearImmediate.bind(undefined, setImmediate(callback)) },
  inputsMax: 10,
  perform(effect) {
    if (effect.type === 'save') store.save(effect.key, effect.value)
    if (effect.type === 'emit') writeSync(1, effect.event.type)
    if (effect.type === 'setTimer') loop.push({ type: 'timer', key: effect.key })
  },
  beforeEffect() {
    if (`${effects++}` === last) process.kill(process.pid, 'SIGKILL')
  },
  flush: () => undefined,
  onFatal(error) {
    throw error
  },
  onStep: () => undefined,
})
loop.begin(store.load())
