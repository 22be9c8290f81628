import type { Problem } from './problems.ts'
import type { CommandEntry, ScenarioCommand } from './schema/commands.ts'
import type { ScenarioFile } from './schema/scenario.ts'

/** The owner's commands with their owners spelled out. Names that are wrong become problems. */
export function resolveCommands(file: ScenarioFile, operators: ReadonlySet<string>, problems: Problem[]): ScenarioCommand[] {
  return file.commands.map((entry, index) => {
    const path = ['commands', index]
    if (file.until !== undefined && entry.at >= file.until)
      problems.push({ path: [...path, 'at'], expected: `a time before the end at ${file.until} ms`, found: `${entry.at} ms` })
    const standby = standbyOf(entry)
    if (standby !== undefined && !operators.has(standby))
      problems.push({
        path: [...path, 'revoke' in entry ? 'revoke' : 'delegate'],
        expected: 'an operator of this scenario',
        found: standby,
      })
    const model = 'handback' in entry ? entry.handback : entry.model
    const owner = file.models[model]?.private?.owner
    if (owner === undefined)
      problems.push({
        path: [...path, 'handback' in entry ? 'handback' : 'model'],
        expected: 'a private model of this scenario',
        found: model,
      })
    return { at: entry.at, peer: owner ?? '', ...said(entry) }
  })
}

function standbyOf(entry: CommandEntry): string | undefined {
  if ('revoke' in entry) return entry.revoke
  return 'delegate' in entry ? entry.delegate : undefined
}

function said(entry: CommandEntry): Pick<ScenarioCommand, 'name' | 'argument'> {
  if ('revoke' in entry) return { name: 'revoke', argument: JSON.stringify({ model: entry.model, standby: entry.revoke }) }
  if ('handback' in entry) return { name: 'handback', argument: JSON.stringify({ model: entry.handback }) }
  const { model, delegate: standby, temperature } = entry
  return { name: 'delegate', argument: JSON.stringify({ model, standby, temperature }) }
}
