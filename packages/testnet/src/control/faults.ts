import type { ShapeRule } from '@infermesh/libp2p'
import { z } from 'zod'
import type { Testnet } from '../supervisor/testnet.ts'

/** Applies one kind of fault to a peer and returns what was measured of it, each name with its unit. */
export type ApplyFault = (peer: string, options: unknown) => Promise<Readonly<Record<string, number>>>

export type FaultTable = Readonly<Record<string, ApplyFault>>

/** The faults a supervisor can do by itself. */
export function supervisorFaults(testnet: Testnet): FaultTable {
  return {
    crash: (peer) => timed('downMs', () => testnet.crash(peer)),
    restart: (peer) => timed('upMs', () => testnet.restart(peer)),
    stop: (peer) => timed('downMs', () => testnet.stop(peer)),
    pause: (peer) => timed('stillMs', () => testnet.pause(peer)),
    resume: (peer) => timed('resumedMs', async () => testnet.resume(peer)),
    clock: (peer, options) => timed('setMs', () => testnet.setClock(peer, clockOptions.parse(options))),
    shape: (peer, options) => {
      const { to, rule } = shapeOptions.parse(options)
      // The host checks the rule; here it only passes through.
      return timed('setMs', () => testnet.shape(peer, to, (rule ?? undefined) as ShapeRule | undefined))
    },
  }
}

const clockOptions = z.object({ offset: z.int().default(0), driftPpm: z.number().default(0) })
const shapeOptions = z.object({ to: z.string(), rule: z.looseObject({}).nullish() })

async function timed(name: string, act: () => Promise<void>): Promise<Readonly<Record<string, number>>> {
  const start = performance.now()
  await act()
  return { [name]: Math.round((performance.now() - start) * 10) / 10 }
}
