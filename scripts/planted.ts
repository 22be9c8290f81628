import { plantedBugs } from '@infermesh/peers/planted'
import { readScenario } from '@infermesh/scenario/files'
import { huntPlanted } from '../packages/cli/src/hunt/planted.ts'
import { tableText } from '../packages/cli/src/output/table.ts'

/** Plants each known bug and counts the seeds it takes the hunt to find it. Usage: planted.ts [seeds a bug] [bug…]. Exit 1 when one stays hidden. */
const [seeds = '60', ...names] = process.argv.slice(2)
const scenario = await readScenario('scenarios/hunting-ground.yaml')
const bugs = plantedBugs.filter(({ name }) => names.length === 0 || names.includes(name))
const rows: string[][] = []
let hidden = 0
for (const bug of bugs) {
  const { finding, seedsRun } = await huntPlanted(scenario, bug, { seeds: Number(seeds) })
  const isExpected = finding !== undefined && bug.breaks.includes(finding.breakage.check)
  if (!isExpected) hidden++
  const found = finding === undefined ? 'hidden' : `${finding.breakage.check}${isExpected ? '' : ' (unexpected)'}`
  rows.push([bug.name, found, String(seedsRun), finding?.breakage.text ?? bug.about])
  console.error(`${bug.name}: ${found} after ${seedsRun} seeds`)
}
console.log(tableText(['planted bug', 'broke', 'seeds', 'how'], rows))
console.log(`${bugs.length - hidden} of ${bugs.length} planted bugs found`)
process.exitCode = hidden === 0 ? 0 : 1
