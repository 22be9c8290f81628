import { setFlagsFromString } from 'node:v8'
import { workerData } from 'node:worker_threads'
import { randomFrom } from '@infermesh/kernel'
import { installClock } from '../clock/globals.ts'
import { VirtualClock } from '../clock/virtual-clock.ts'
import type { Boot } from './channel.ts'
import { setThreadClock, startProgram } from './thread.ts'

// A heap with this much room above it grows up to fourfold between collections; twofold takes a quarter less memory, and hardly more time.
// V8 knows no flags of one thread: the whole process has it from here on.
setFlagsFromString('--heap-growing-percent=100')

// The thread's first file: time and chance become the run's own before anything of the run is loaded.
const { entry, seed } = workerData as Boot
const clock = new VirtualClock(randomFrom(seed))
installClock(clock)
setThreadClock(clock)
await import(entry)
startProgram(entry)
