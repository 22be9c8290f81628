// Taken while they are still the runtime's own: this file is loaded before anything is replaced.

/** A turn of the real event loop. */
export const realTurn: (callback: () => void) => void = setImmediate
/** Milliseconds of real time, for progress and time slices only; nothing in a run may depend on it. */
export const realNow: () => number = performance.now.bind(performance)

const runtimeDrain: unknown = Reflect.get(process, '_tickCallback')

/**
 * Runs all micro-tasks and next ticks on the spot, six times as fast as a turn of the event loop. The runtime keeps this entry for
 * embedders; where it is missing, each event costs a turn.
 */
export const drainNow: (() => void) | undefined =
  typeof runtimeDrain === 'function' ? () => void Reflect.apply(runtimeDrain, process, []) : undefined
