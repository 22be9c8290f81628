import { parentPort, workerData } from 'node:worker_threads'
import { drawn, runTrial } from './trial.ts'
import type { ThreadGround, Tried } from './trials.ts'

/** A thread that makes one trial for each seed it is told. */
// The thread is started by `Trials` alone, which hands it this.
const { scenario, traces, bug: name } = workerData as ThreadGround
const bug = name === undefined ? undefined : (await import('@infermesh/peers/planted')).plantedBugs.find((each) => each.name === name)

parentPort?.on('message', async (seed: number) => {
  const { breakage } = await runTrial(drawn(scenario, seed), { traces, ...(bug === undefined ? {} : { bug }) })
  parentPort?.postMessage({ seed, breakage } satisfies Tried)
})
