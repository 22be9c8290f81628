import { execFileSync } from 'node:child_process'
import { loadavg } from 'node:os'
import { randomFrom } from '@infermesh/kernel'
import { expectedCounts, type FloodResult } from './flood-graph.ts'
import { floodKernel } from './flood-kernel.ts'
import { floodPlainHeap } from './plain-heap.ts'

const SIDES = { heap: floodPlainHeap, kernel: floodKernel }
type Side = keyof typeof SIDES

const TARGETS: Readonly<Record<number, number>> = { 10000: 1, 100000: 1.3 }

/** `flood.ts [peers] [rounds]` compares both sides, each run in a process of its own; `flood.ts --side <side> <peers>` is one run. */
function main(args: readonly string[]): void {
  if (args[0] === '--side') {
    const side = args[1] === 'heap' ? 'heap' : 'kernel'
    console.log(JSON.stringify(SIDES[side](Number(args[2]), randomFrom(`flood ${args[3] ?? 1}`))))
    return
  }
  compare(Number(args[0] ?? 10_000), Number(args[1] ?? 5))
}

function compare(peers: number, rounds: number): void {
  const results: Record<Side, FloodResult[]> = { heap: [], kernel: [] }
  for (let round = 1; round <= rounds; round++) {
    for (const side of ['heap', 'kernel'] as const) results[side].push(runOnce(side, peers, round))
  }
  const heap = rate(results.heap)
  const kernel = rate(results.kernel)
  const ratio = kernel.median / heap.median
  const target = TARGETS[peers]
  const report = {
    job: 'flood',
    peers,
    rounds,
    ...expectedCounts(peers),
    heap,
    kernel,
    ratio: Number(ratio.toFixed(2)),
    wallRatio: Number((kernel.wallMedian / heap.wallMedian).toFixed(2)),
    target,
    held: target === undefined ? undefined : ratio >= target,
    load: loadavg().map((load) => Number(load.toFixed(2))),
  }
  console.log(JSON.stringify(report, undefined, 2))
  if (report.held === false) process.exitCode = 1
}

function runOnce(side: Side, peers: number, round: number): FloodResult {
  const output = execFileSync(process.execPath, [import.meta.filename, '--side', side, String(peers), String(round)], { encoding: 'utf8' })
  const result: FloodResult = JSON.parse(output)
  const { deliveries, events } = expectedCounts(peers)
  if (result.deliveries !== deliveries || result.events !== events) {
    throw new Error(
      `${side} at ${peers} peers: expected ${deliveries} deliveries and ${events} events, got ${result.deliveries} and ${result.events}; no time is reported`,
    )
  }
  return result
}

interface Rate {
  readonly median: number
  readonly min: number
  readonly max: number
  /** Median by the clock on the wall, which other work on the machine stretches. */
  readonly wallMedian: number
  readonly rssMiB: number
}

/** Million events for each second of processor time, and the largest resident set. */
function rate(results: readonly FloodResult[]): Rate {
  const round = (value: number | undefined): number => Number((value ?? 0).toFixed(2))
  const sorted = (seconds: (result: FloodResult) => number): readonly number[] =>
    results.map((result) => result.events / seconds(result) / 1e6).sort((left, right) => left - right)
  const rates = sorted((result) => result.cpuSeconds)
  const wall = sorted((result) => result.seconds)
  const middle = results.length >> 1
  const rssMiB = Math.round(Math.max(...results.map((result) => result.rssMiB)))
  return { median: round(rates[middle]), min: round(rates[0]), max: round(rates.at(-1)), wallMedian: round(wall[middle]), rssMiB }
}

main(process.argv.slice(2))
