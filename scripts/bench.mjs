// Every speed target, measured; each benchmark prints its figure beside its bar and exits 1 when it is missed. Arguments: names to run.
import { run } from './steps.mjs'

const benches = {
  receipts: ['packages/protocol/bench/receipts.ts'],
  oblivious: ['packages/protocol/bench/oblivious.ts'],
  flagship: ['packages/cli/bench/flagship.ts'],
  echo: ['packages/libp2p/bench/echo.ts'],
  stack: ['packages/libp2p/bench/stack.ts', '2'],
  completion: ['packages/cli/bench/completion.ts'],
  testnet: ['packages/testnet/bench/meshed.ts'],
  'flood-10k': ['packages/sim/bench/flood.ts', '10000', '5'],
  'flood-100k': ['packages/sim/bench/flood.ts', '100000', '3'],
  crowd: ['packages/sim/bench/crowd.ts'],
  'oblivious-crowd': ['packages/cli/bench/oblivious-crowd.ts'],
  'kv-memory': ['packages/serving/bench/kv-memory.bench.ts'],
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !Object.hasOwn(benches, name))
if (unknown.length > 0) {
  console.error(`expected names out of ${Object.keys(benches).join(', ')}, found ${unknown.join(', ')}`)
  process.exit(2)
}
const results = Object.entries(benches)
  .filter(([name]) => asked.length === 0 || asked.includes(name))
  .map(([name, args]) => run(name, 'node', args))
process.exitCode = results.every(Boolean) ? 0 : 1
