import type { Testnet } from '../supervisor/testnet.ts'

/** Applies one kind of fault to a peer and returns what was measured of it, each name with its unit. */
export type ApplyFault = (peer: string, options: unknown) => Promise<Readonly<Record<string, number>>>

export type FaultTable = Readonly<Record<string, ApplyFault>>

/** What a supervisor can do by itself; whoever composes it adds the faults of scenarios. */
export function supervisorFaults(testnet: Testnet): FaultTable {
  return {
    crash: (peer) => timed('downMs', () => testnet.crash(peer)),
    restart: (peer) => timed('upMs', () => testnet.restart(peer)),
    stop: (peer) => timed('downMs', () => testnet.stop(peer)),
    pause: (peer) => timed('stillMs', () => testnet.pause(peer)),
    resume: (peer) => timed('resumedMs', async () => testnet.resume(peer)),
  }
}

async function timed(name: string, act: () => Promise<void>): Promise<Readonly<Record<string, number>>> {
  const start = performance.now()
  await act()
  return { [name]: Math.round((performance.now() - start) * 10) / 10 }
}
