import { cancel, compute, type Effect, request, respond, setTimer } from '@infermesh/kernel'
import { type Behaviour, type ConformanceCase, differs, type IdOf, peer, sawBy } from '../conformance-case.ts'
import { type CountJob, type Note, note, type Paper } from '../note.ts'

const MANY = 40

const numbers = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => String(index))
const call = (idOf: IdOf, to: string, callId: string, timeout = 3000): Effect<Note, Paper> =>
  request({ callId, to: idOf(to), stream: 'talk', message: note(callId), timeout })
/** Calls bob once, a little after the start. */
const caller =
  (timeout?: number): Behaviour =>
  (input, idOf) => {
    if (input.type === 'started') return [setTimer('go', 100)]
    return input.type === 'timer' && input.key === 'go' ? [call(idOf, 'bob', 'c', timeout)] : []
  }
const countJob = (results: number): CountJob => ({ kind: 'count', results })

export const streamCases: readonly ConformanceCase[] = [
  {
    promise: 'messages from A to B on one stream keep order until the connection is lost',
    name: 'requests arrive in the order they were made',
    peers: [
      peer('alice', (input, idOf) => {
        if (input.type === 'started') return [setTimer('go', 100)]
        return input.type === 'timer' ? numbers(MANY).map((callId) => call(idOf, 'bob', callId)) : []
      }),
      peer('bob'),
    ],
    until: 900,
    check: (records) => differs('bob', sawBy(records, 'bob', 'request'), numbers(MANY)),
  },
  {
    promise: 'messages from A to B on one stream keep order until the connection is lost',
    name: 'the answers of a call arrive in order, and the last one ends it',
    peers: [
      peer('alice', caller()),
      peer('bob', (input) =>
        input.type === 'request' ? numbers(MANY).map((text, index) => respond(input.id, note(text), index === MANY - 1)) : [],
      ),
    ],
    until: 900,
    check: (records) =>
      differs(
        'alice',
        sawBy(records, 'alice', 'response'),
        numbers(MANY).map((text, index) => `c: ${text}${index === MANY - 1 ? ' (last)' : ''}`),
      ) ?? differs('failures', sawBy(records, 'alice', 'failed'), []),
  },
  {
    promise: 'a request to a peer that is down fails as unreachable',
    name: 'a peer that was never started, and one that is unknown, cannot be reached',
    peers: [
      peer('alice', (input, idOf) => {
        if (input.type === 'started') return [setTimer('go', 100)]
        return input.type === 'timer' ? [call(idOf, 'bob', 'down'), call(idOf, 'nobody', 'unknown')] : []
      }),
      peer('bob'),
    ],
    down: ['bob'],
    until: 2500,
    check: (records) => differs('alice', [...sawBy(records, 'alice', 'failed')].sort(), ['down: unreachable', 'unknown: unreachable']),
  },
  {
    promise: 'a crash in the middle of a call loses it, and the peer is reported lost',
    name: 'the caller hears lost once, then peerLost',
    peers: [peer('alice', caller()), peer('bob')],
    script: [{ at: 500, type: 'crash', peer: 'bob' }],
    until: 1500,
    check: (records) =>
      differs('failures', sawBy(records, 'alice', 'failed'), ['c: lost']) ?? differs('losses', sawBy(records, 'alice', 'peerLost'), ['']),
  },
  {
    promise: 'a timeout counts silence, and starts anew with each answer',
    name: 'a call outlives its timeout while answers come, and ends in silence after',
    peers: [
      peer('alice', caller(300)),
      peer('bob', (input) => {
        if (input.type === 'request') return [setTimer(`3 ${input.id}`, 200)]
        if (input.type !== 'timer') return []
        const left = Number(input.key.slice(0, 1))
        const id = input.key.slice(2)
        const answer = respond(id, note(String(left)), false)
        return left > 1 ? [answer, setTimer(`${left - 1} ${id}`, 200)] : [answer]
      }),
    ],
    until: 2000,
    check: (records) =>
      differs('answers', sawBy(records, 'alice', 'response'), ['c: 3', 'c: 2', 'c: 1']) ??
      differs('failures', sawBy(records, 'alice', 'failed'), ['c: timeout']) ??
      differs('server', sawBy(records, 'bob', 'cancelled'), ['']),
  },
  {
    promise: 'the server hears `cancelled` when the caller cancels or dies',
    name: 'a cancelled call is cancelled at its server, and brings no more answers',
    peers: [
      peer('alice', (input, idOf) => {
        if (input.type === 'started') return [setTimer('go', 100), setTimer('stop', 400)]
        if (input.type !== 'timer') return []
        return input.key === 'go' ? [call(idOf, 'bob', 'c')] : [cancel('c')]
      }),
      peer('bob', (input) => {
        if (input.type === 'request') return [setTimer(input.id, 600)]
        return input.type === 'timer' ? [respond(input.key, note('late'))] : []
      }),
    ],
    until: 1300,
    check: (records) =>
      differs('server', sawBy(records, 'bob', 'cancelled'), ['']) ??
      differs('answers', [...sawBy(records, 'alice', 'response'), ...sawBy(records, 'alice', 'failed')], []),
  },
  {
    promise: 'the server hears `cancelled` when the caller cancels or dies',
    name: 'a dead caller leaves no request open',
    peers: [peer('alice', caller()), peer('bob')],
    script: [{ at: 500, type: 'crash', peer: 'alice' }],
    until: 1500,
    check: (records) =>
      differs('server', sawBy(records, 'bob', 'cancelled'), ['']) ?? differs('losses', sawBy(records, 'bob', 'peerLost'), ['']),
  },
  {
    promise: 'every call ends exactly once',
    name: 'after the last answer nothing more comes for a call, though the server goes on',
    peers: [
      peer('alice', caller(400)),
      peer('bob', (input) =>
        input.type === 'request' ? [respond(input.id, note('end')), respond(input.id, note('more')), respond(input.id, note('end'))] : [],
      ),
    ],
    script: [{ at: 900, type: 'crash', peer: 'bob' }],
    until: 1500,
    check: (records) => differs('alice', [...sawBy(records, 'alice', 'response'), ...sawBy(records, 'alice', 'failed')], ['c: end (last)']),
  },
  {
    promise: 'a compute job hands back its results in order, and dies with the process',
    name: 'results come in order to the end, and none of them after a crash',
    peers: [
      peer('alice', (input) => (input.type === 'started' ? [compute('job', countJob(3))] : [])),
      peer('bob', (input) =>
        input.type === 'started' && input.saved.size === 0
          ? [setTimer('go', 300)]
          : input.type === 'timer'
            ? [compute('job', countJob(3))]
            : [],
      ),
    ],
    script: [
      { at: 200, type: 'crashAfter', peer: 'bob', effects: 2 },
      { at: 600, type: 'restart', peer: 'bob' },
      { at: 750, type: 'crash', peer: 'bob' },
    ],
    until: 1300,
    check: (records) =>
      differs('alice', sawBy(records, 'alice', 'computed'), ['job: 0', 'job: 1', 'job: 2 (last)']) ??
      differs('bob', sawBy(records, 'bob', 'computed'), []),
  },
]
