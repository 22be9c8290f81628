import { publish, setTimer, subscribe } from '@infermesh/kernel'
import { type Behaviour, type ConformanceCase, differs, peer, sawBy } from '../conformance-case.ts'
import { paper } from '../note.ts'

const SUBSCRIBERS = ['bob', 'carol', 'dave', 'erin']
/** Time in which a real mesh forms. */
const MESH_MS = 2500

const reader: Behaviour = (input) => (input.type === 'started' ? [subscribe('news')] : [])
const writer =
  (...texts: readonly string[]): Behaviour =>
  (input) => {
    if (input.type === 'started') return [subscribe('news'), setTimer('go', MESH_MS)]
    return input.type === 'timer' ? texts.map((text) => publish('news', paper(text))) : []
  }

export const gossipCases: readonly ConformanceCase[] = [
  {
    promise: 'gossip reaches every subscriber once',
    name: 'subscribers get each envelope once; the publisher and those who did not subscribe get none',
    peers: [peer('alice', writer('one', 'two')), ...SUBSCRIBERS.map((name) => peer(name, reader)), peer('zoe')],
    until: MESH_MS + 3000,
    check: (records) =>
      SUBSCRIBERS.map((name) => differs(name, [...sawBy(records, name, 'gossip')].sort(), ['one', 'two'])).find(
        (problem) => problem !== undefined,
      ) ??
      differs('alice', sawBy(records, 'alice', 'gossip'), []) ??
      differs('zoe', sawBy(records, 'zoe', 'gossip'), []),
  },
  {
    promise: 'an envelope that a machine does not accept goes no further',
    name: 'what everyone rejects or ignores is heard by no machine',
    peers: [
      peer('alice', writer('good', 'bad', 'dull')),
      ...SUBSCRIBERS.map((name) => peer(name, reader, (text) => (text === 'bad' ? 'reject' : text === 'dull' ? 'ignore' : 'accept'))),
    ],
    until: MESH_MS + 3000,
    check: (records) =>
      SUBSCRIBERS.map((name) => differs(name, sawBy(records, name, 'gossip'), ['good'])).find((problem) => problem !== undefined),
  },
]
