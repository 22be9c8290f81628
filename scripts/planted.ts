import { availableParallelism } from 'node:os'
import { type PlantedBug, plantedBugs } from '@infermesh/peers/planted'
import { Directory, defaultParameters } from '@infermesh/protocol'
import { nodeCryptography } from '@infermesh/protocol/node'
import { checkFactories } from '@infermesh/scenario'
import { readScenario } from '@infermesh/scenario/files'
import { huntPlanted } from '../packages/cli/src/hunt/planted.ts'
import { tableText } from '../packages/cli/src/output/table.ts'

/**
 * Plants each known bug and counts the seeds it takes the hunt to find it. Usage: planted.ts [seeds a bug] [bug…]. Exit 1 when one stays
 * hidden, or when a check is left that found none.
 */
const [seeds = '200', ...names] = process.argv.slice(2)
const bugs = plantedBugs.filter(({ name }) => names.length === 0 || names.includes(name))
const rows: string[][] = []
const found = new Set<string>()
let hidden = 0
for (const bug of bugs) {
  const [by, seedsRun, how] = await hunted(bug)
  rows.push([bug.name, by, String(seedsRun), how])
  console.error(`${bug.name}: ${by} after ${seedsRun} seeds`)
}
console.log(tableText(['planted bug', 'found by', 'seeds', 'how'], rows))
console.log(`${bugs.length - hidden} of ${bugs.length} planted bugs found`)
const idle = names.length > 0 ? [] : checkNames().filter((name) => !found.has(name))
if (idle.length > 0) console.log(`checks that found no bug: ${idle.join(', ')}`)
process.exitCode = hidden === 0 && idle.length === 0 ? 0 : 1

async function hunted(bug: PlantedBug): Promise<readonly [by: string, seedsRun: number, how: string]> {
  const scenario = await readScenario(`scenarios/${bug.ground ?? 'hunting-ground'}.yaml`)
  const { finding, seedsRun } = await huntPlanted(scenario, bug, { seeds: Number(seeds), jobs: availableParallelism() })
  const breakage = finding?.breakage
  for (const name of breakage?.all ?? []) found.add(name)
  const isExpected = breakage !== undefined && bug.breaks.includes(breakage.check)
  if (!isExpected) hidden++
  if (breakage === undefined) return ['hidden', seedsRun, bug.about]
  const others = breakage.all.filter((name) => name !== breakage.check)
  const by = `${breakage.check}${others.length === 0 ? '' : `, ${others.join(', ')}`}${isExpected ? '' : ' (unexpected)'}`
  return [by, seedsRun, breakage.text]
}

/** The checks of the trace, and the one that follows plaintext through every message. */
function checkNames(): readonly string[] {
  const directory = new Directory({ networkId: 'planted', members: [], parameters: defaultParameters, attestationRoot: '' })
  return [...checkFactories.map((create) => create({ directory, crypto: nodeCryptography, liars: new Set(), grace: 0 }).name), 'I11']
}
