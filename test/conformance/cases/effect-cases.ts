import { clearTimer, forget, request, save, setTimer } from '@infermesh/kernel'
import { type ConformanceCase, differs, peer, said, saidBy, sawBy } from '../conformance-case.ts'
import { note } from '../note.ts'

const one = Uint8Array.of(1)
const two = Uint8Array.of(2)

export const effectCases: readonly ConformanceCase[] = [
  {
    promise: 'one input at a time per peer',
    name: 'the effects of one input end before those of the next begin',
    peers: [
      peer('alice', (input) => {
        if (input.type === 'started') return [setTimer('a', 100), setTimer('b', 100)]
        return input.type === 'timer'
          ? [said(`${input.key}1`), save(input.key, one), said(`${input.key}2`), save('last', two), said(`${input.key}3`)]
          : []
      }),
    ],
    until: 500,
    check(records) {
      const order = saidBy(records, 'alice').join(' ')
      return order === 'a1 a2 a3 b1 b2 b3' || order === 'b1 b2 b3 a1 a2 a3' ? undefined : `the effects of two inputs mixed: ${order}`
    },
  },
  {
    promise: 'effects in list order',
    name: 'effects of different kinds happen as listed',
    peers: [
      peer('alice', (input, idOf) => {
        const call = (callId: string) => request({ callId, to: idOf('bob'), stream: 'talk', message: note(callId), timeout: 2000 })
        if (input.type === 'started') return [setTimer('go', 100)]
        return input.type === 'timer'
          ? [said('1'), call('c1'), save('k', one), said('2'), call('c2'), said('3'), save('k', two), call('c3')]
          : []
      }),
      peer('bob'),
    ],
    script: [{ at: 400, type: 'restart', peer: 'alice' }],
    until: 700,
    check: (records) =>
      differs('alice', saidBy(records, 'alice').slice(0, 3), ['1', '2', '3']) ??
      differs('bob', sawBy(records, 'bob', 'request').slice(0, 3), ['c1', 'c2', 'c3']) ??
      differs('saved', sawBy(records, 'alice', 'started').slice(1), ['k=2']),
  },
  {
    promise: '`save` is durable before the next effect',
    name: 'who is told of a saved value finds it saved, though the teller dies at once',
    peers: [
      peer('alice', (input, idOf) => {
        if (input.type === 'started' && input.saved.size === 0) return [setTimer('go', 200)]
        if (input.type !== 'timer') return []
        const tell = request({ callId: 'c', to: idOf('bob'), stream: 'talk', message: note('it is saved'), timeout: 2000 })
        return [said('before'), save('promise', one), said('after'), tell]
      }),
      peer('bob'),
    ],
    // Counted: the record of the timer, `before`, the save and `after`.
    script: [
      { at: 100, type: 'crashAfter', peer: 'alice', effects: 4 },
      { at: 600, type: 'restart', peer: 'alice' },
    ],
    until: 900,
    check: (records) =>
      differs('alice', saidBy(records, 'alice').slice(0, 2), ['before', 'after']) ??
      differs('saved', sawBy(records, 'alice', 'started'), ['', 'promise=1']),
  },
  {
    promise: 'a crash may cut the effect list between any two effects',
    name: 'what stands behind the cut never happens',
    peers: [
      peer('alice', (input) => {
        if (input.type === 'started' && input.saved.size === 0) return [setTimer('go', 200)]
        return input.type === 'timer' ? [save('first', one), said('first'), save('second', two), said('second')] : []
      }),
    ],
    script: [
      { at: 100, type: 'crashAfter', peer: 'alice', effects: 3 },
      { at: 600, type: 'restart', peer: 'alice' },
    ],
    until: 900,
    check: (records) =>
      differs('alice', saidBy(records, 'alice'), ['first']) ?? differs('saved', sawBy(records, 'alice', 'started'), ['', 'first=1']),
  },
  {
    promise: '`save` is durable before the next effect',
    name: 'a forgotten key is gone after a restart, the others stay',
    peers: [
      peer('alice', (input) =>
        input.type === 'started' && input.saved.size === 0 ? [save('a', one), save('b', two), forget('a'), said('done')] : [],
      ),
    ],
    script: [{ at: 300, type: 'restart', peer: 'alice' }],
    until: 600,
    check: (records) => differs('saved', sawBy(records, 'alice', 'started'), ['', 'b=2']),
  },
  {
    promise: 'timers die with the process',
    name: 'a timer set before a crash does not fire after the restart',
    peers: [peer('alice', (input) => (input.type === 'started' && input.saved.size === 0 ? [save('k', one), setTimer('old', 500)] : []))],
    script: [
      { at: 200, type: 'crash', peer: 'alice' },
      { at: 300, type: 'restart', peer: 'alice' },
    ],
    until: 1000,
    check: (records) =>
      differs('starts', sawBy(records, 'alice', 'started'), ['', 'k=1']) ?? differs('timers', sawBy(records, 'alice', 'timer'), []),
  },
  {
    promise: 'one timer per key',
    name: 'setting a key again replaces its timer, and a cleared timer stays silent',
    peers: [
      peer('alice', (input) =>
        input.type === 'started' ? [setTimer('a', 100), setTimer('a', 300), setTimer('b', 100), clearTimer('b'), setTimer('c', 200)] : [],
      ),
    ],
    until: 700,
    check: (records) => differs('timers', sawBy(records, 'alice', 'timer'), ['c', 'a']),
  },
  {
    promise: '`now` never goes back',
    name: 'time rises from input to input, and no timer comes before its time',
    peers: [peer('alice', (input) => (input.type === 'started' || input.type === 'timer' ? [setTimer('tick', 40)] : []))],
    until: 600,
    check(records) {
      const times = records.flatMap(({ event }) => (event.type === 'saw' ? [event.now] : []))
      const wrong = times.findIndex((time, index) => index > 0 && time < (times[index - 1] ?? 0) + 40)
      if (times.length < 5) return `expected at least 5 ticks in 600 ms, found ${times.length}`
      return wrong < 0 ? undefined : `tick ${wrong} came at ${times[wrong]} ms, after one at ${times[wrong - 1]} ms`
    },
  },
  {
    promise: 'a stopped peer does nothing until it goes on',
    name: 'what was due while the peer stood still comes after, in order',
    peers: [peer('alice', (input) => (input.type === 'started' ? [setTimer('a', 300), setTimer('b', 400)] : []))],
    script: [
      { at: 100, type: 'pause', peer: 'alice' },
      { at: 800, type: 'resume', peer: 'alice' },
    ],
    until: 1200,
    check(records) {
      const times = records.flatMap(({ at, event }) => (event.type === 'saw' && event.input === 'timer' ? [at] : []))
      return (
        differs('timers', sawBy(records, 'alice', 'timer'), ['a', 'b']) ??
        (times.some((time) => time < 700) ? `a timer fired while stopped: ${times}` : undefined)
      )
    },
  },
]
