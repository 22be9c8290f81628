import type { Scenario } from '@infermesh/scenario'
import { UserError } from '../user-error.ts'

/** Real models take real time, and virtual time does not wait for it. */
export function refuseEngines({ models }: Scenario, world: string): void {
  const real = Object.entries(models).filter(([, { onnx, openai }]) => onnx !== undefined || openai !== undefined)
  if (real.length > 0)
    throw new UserError(`world: expected process for ${real.map(([name]) => name).join(', ')}, which real engines answer, found ${world}`)
}
