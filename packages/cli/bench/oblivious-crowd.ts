import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NetworkRecord } from '@infermesh/scenario'
import { readScenario } from '@infermesh/scenario/files'
import { runScenario } from '../src/run-scenario.ts'

/**
 * An hour of ten thousand clients that ask sealed, as `infermesh run` makes it, with trace, checks and leaks. CPU time of every thread,
 * since the machine may have other work. Bars: four minutes of CPU for the hour, and 2 GiB at most. An argument ends the load sooner
 * ("20m"): the start, in which each client buys its first tokens, then weighs more, and the speed's bar says nothing.
 */
const BARS = { speed: 15, rssMiB: 2_048 }
const MARK_MS = 15 * 60_000
const file = join(import.meta.dirname, '../../../scenarios/oblivious-crowd.yaml')

const [until] = process.argv.slice(2)
const scenario = await readScenario(file, { set: until === undefined ? [] : [`load.0.until=${until}`] })
const out = mkdtempSync(join(tmpdir(), 'infermesh-bench-'))
const marks: string[] = []
let nextMark = MARK_MS
const progress = {
  observe({ at }: NetworkRecord) {
    if (at < nextMark) return
    nextMark += MARK_MS
    marks.push(`${(at / 60_000).toFixed(0)} min ${mebibytes(process.memoryUsage.rss())}`)
  },
  say: () => undefined,
  finish: () => undefined,
}

const cpu = process.cpuUsage()
const { result } = await runScenario(scenario, { file, progress, out, world: 'message' })
const { user, system } = process.cpuUsage(cpu)
rmSync(out, { recursive: true })

const cpuMs = (user + system) / 1_000
const speed = result.virtualMs / cpuMs
const peakMiB = process.resourceUsage().maxRSS / 1_024
console.log(
  `oblivious-crowd in message, crypto: sized: ${result.outcome}, ${speed.toFixed(1)} virtual s a second of CPU (bar ${BARS.speed}), ` +
    `${(cpuMs / 1_000).toFixed(0)} s of CPU and ${(result.wallMs / 1_000).toFixed(0)} s of wall time for ${(result.virtualMs / 1_000).toFixed(0)} s; ` +
    `${peakMiB.toFixed(0)} MiB at most (bar ${BARS.rssMiB}; resident at ${marks.join(', ')}); trace ${result.traceHash ?? ''}`,
)
console.log(`load average ${loadavg()[0]?.toFixed(2)}`)
process.exitCode = result.outcome === 'held' && (until !== undefined || speed >= BARS.speed) && peakMiB <= BARS.rssMiB ? 0 : 1

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
