import { publish, randomFrom, subscribe } from '@infermesh/kernel'
import { rumour } from '../test/note-codec.ts'
import { introduce, TestPeer } from '../test/peer.ts'

// Many hosts in one process: how long until all are meshed, and whether everything that is published arrives everywhere.

const [count = 50, degree = 8, messages = 20] = process.argv.slice(2).map(Number)
const random = randomFrom('crowd')
const start = performance.now()
const since = () => `${((performance.now() - start) / 1000).toFixed(2)} s`

const peers = Array.from(
  { length: count },
  (_, index) => new TestPeer({ name: `p${index}`, react: (input) => (input.type === 'started' ? [subscribe('news')] : []) }),
)
await Promise.all(peers.map((peer) => peer.host.start()))
introduce(peers)
console.log(`${count} hosts listen after ${since()}`)

const dials = peers.flatMap((peer) =>
  Array.from({ length: degree }, () => {
    const other = peers[random.below(count)]
    return other === undefined || other === peer ? Promise.resolve() : peer.host.dial(other.id)
  }),
)
await Promise.all(dials)
console.log(`${dials.length} dials done after ${since()}`)
await Promise.all(
  peers.map((peer) => peer.until(() => peer.host.meshPeers('news').length >= Math.min(4, peer.host.connections().length), 'mesh')),
)
console.log(`all meshed after ${since()}`)

for (let index = 0; index < messages; index++) {
  const peer = peers[random.below(count)]
  peer?.perform(publish('news', rumour(peer.id, `news ${index}`.padEnd(1000, '.'))))
}
const heard = () => peers.reduce((sum, peer) => sum + peer.host.stats().gossipDelivered, 0)
await Promise.all(peers.map((peer) => peer.until(() => peer.host.stats().gossipDelivered + published(peer) >= messages, 'all gossip')))
const used = process.resourceUsage()
console.log(`${heard()} of ${messages * (count - 1)} delivered after ${since()}`)
console.log(`${(process.memoryUsage().rss / 1e6).toFixed(0)} MB, ${((used.userCPUTime + used.systemCPUTime) / 1e6).toFixed(1)} s of CPU`)
process.exit(0)

function published(peer: TestPeer): number {
  return peer.host.stats().gossipPublished
}
