import type { Problem } from './problems.ts'
import type { Scenario } from './resolve.ts'
import type { WorldName } from './schema/scenario.ts'

/** What a world can't honour of a scenario that is right in itself. */
export function misfits({ crypto, models }: Pick<Scenario, 'crypto' | 'models'>, world: WorldName): Problem[] {
  const problems: Problem[] = []
  // Stand-ins for signatures prove nothing between processes: whoever reads one could make it.
  if (world === 'process' && crypto !== 'real') problems.push({ path: ['crypto'], expected: 'real in the process world', found: crypto })
  for (const [model, { onnx, openai }] of Object.entries(models)) {
    // A stack waits for what is outside of it, and the same bytes give the same answer; the message world's peers never wait.
    if (onnx !== undefined && world === 'message')
      problems.push({
        path: ['models', model, 'onnx'],
        expected: 'the world process or stack for a model that is really run',
        found: world,
      })
    // Another server answers in its own time, and not twice the same.
    if (openai !== undefined && world !== 'process')
      problems.push({ path: ['models', model, 'openai'], expected: 'the world process for a server outside', found: world })
  }
  return problems
}
