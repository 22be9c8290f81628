import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomFrom } from '@infermesh/kernel'
import { bundlePeer, type PeerSpec, Testnet } from '@infermesh/testnet'

/**
 * `node bench/meshed.ts [peers…]`: seconds from command to all peers meshed, and what each takes in memory, through libp2p over
 * TCP. Bars: 5 s for 50 peers, 10 s for 100, 40 MB a peer (proportional set size), on two cores.
 */
const sizes = process.argv.slice(2).map(Number)
for (const size of sizes.length > 0 ? sizes : [50, 100]) await measure(size)

async function measure(size: number): Promise<void> {
  const load = loadavg()[0]
  const folder = mkdtempSync(join(tmpdir(), 'infermesh-bench-'))
  const begun = performance.now()
  const bundle = await bundlePeer({ entry: join(import.meta.dirname, 'idle-entry.ts'), cache: join(folder, 'cache') })
  const bundled = performance.now()
  const testnet = new Testnet({ folder, bundle, peers: graph(size), onRecord: () => undefined })
  try {
    await testnet.start()
    const started = performance.now()
    await testnet.meshed(120_000)
    const meshed = performance.now()
    const stats = await Promise.all(testnet.peers().map(({ name }) => testnet.stats(name)))
    const pss = stats.map(({ memory }) => (memory?.pssBytes ?? 0) / 1e6)
    const cpu = stats.reduce((sum, { cpuMs }) => sum + (cpuMs ?? 0), 0) / size
    const links = stats.reduce((sum, { host }) => sum + (host?.counters.connections ?? 0), 0) / size
    const line = {
      peers: size,
      bundleSeconds: seconds(bundled - begun),
      startedSeconds: seconds(started - begun),
      meshedSeconds: seconds(meshed - begun),
      pssMbMean: Math.round(pss.reduce((sum, each) => sum + each, 0) / size),
      pssMbMax: Math.round(Math.max(...pss)),
      cpuMsMean: Math.round(cpu),
      connectionsMean: Math.round(links * 10) / 10,
      cores: availableParallelism(),
      loadBefore: load,
    }
    console.log(JSON.stringify(line))
  } finally {
    await testnet.stopAll()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A ring, so that it is one network, and one more peer each by lot: four connections a peer, which is gossipsub's lower bound. */
function graph(size: number): readonly PeerSpec[] {
  const random = randomFrom(1)
  const name = (index: number) => `peer-${index}`
  return Array.from({ length: size }, (_, index) => {
    const seed = new Uint8Array(32)
    new DataView(seed.buffer).setUint32(0, index + 1)
    const targets = new Set([(index + 1) % size, random.below(size)])
    targets.delete(index)
    return { name: name(index), role: 'operator', identitySeed: seed, config: {}, dial: [...targets].map(name) }
  })
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 10) / 100
}
