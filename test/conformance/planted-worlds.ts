import type { Effect, Input, Machine } from '@infermesh/kernel'
import type { ConformanceCase, ConformanceWorld } from './conformance-case.ts'
import type { Note, Paper } from './note.ts'

type In = Input<Note, Paper>
type Out = readonly Effect<Note, Paper>[]

/** Stands between a machine and its world, and breaks a promise of the world. `memory` lives as long as the run, not the process. */
interface Breakage {
  inputs?(input: In, memory: Map<string, unknown>): readonly In[]
  effects?(effects: Out, input: In, memory: Map<string, unknown>): Out
  now?(now: number): number
  /** Gossip is passed on unjudged. */
  readonly isUnjudged?: boolean
  /** Steps that the world ignores. */
  readonly ignores?: readonly string[]
}

/** A bug, and a world that has it. */
export interface PlantedWorld {
  readonly bug: string
  plant(world: ConformanceWorld): ConformanceWorld
}

/** One wrong world for each way to break a promise. */
export const plantedWorlds: readonly PlantedWorld[] = [
  planted('saves happen after all other effects', {
    effects: (effects) => [...effects.filter((effect) => effect.type !== 'save'), ...effects.filter((effect) => effect.type === 'save')],
  }),
  planted('a list of effects runs backwards', { effects: (effects) => [...effects].reverse() }),
  planted('half of an input’s effects wait for the next input', { effects: postpone }),
  planted('saves are lost', { effects: without('save') }),
  planted('nothing is ever forgotten', { effects: without('forget') }),
  planted('crashes come too late', { ignores: ['crashAfter', 'crash'] }),
  planted('a stop is ignored', { ignores: ['pause', 'resume'] }),
  planted('timers outlive their process', { effects: keepTimers }),
  planted('timers are not cleared', { effects: without('clearTimer') }),
  planted('a timer set again is added, not replaced', { effects: renameTimers, inputs: restoreTimerNames }),
  planted('timers fire early', {
    effects: (effects) =>
      effects.map((effect) => (effect.type === 'setTimer' ? { ...effect, after: Math.floor(effect.after / 2) } : effect)),
  }),
  planted('time runs backwards', { now: (now) => 1_000_000 - now }),
  planted('requests overtake each other', { inputs: swapPairs('request') }),
  planted('answers overtake each other', { inputs: swapPairs('response') }),
  planted('every failure is called lost', {
    inputs: (input) => [input.type === 'failed' ? { ...input, failure: { ...input.failure, code: 'lost' } } : input],
  }),
  planted('every failure is called a timeout', {
    inputs: (input) => [input.type === 'failed' ? { ...input, failure: { ...input.failure, code: 'timeout' } } : input],
  }),
  planted('failures are swallowed', { inputs: (input) => (input.type === 'failed' ? [] : [input]) }),
  planted('lost peers go unmentioned', { inputs: (input) => (input.type === 'peerLost' ? [] : [input]) }),
  planted('servers are not told of a cancel', { inputs: (input) => (input.type === 'cancelled' ? [] : [input]) }),
  planted('a cancel does nothing', { effects: without('cancel') }),
  planted('an answer does not renew the timeout', {
    effects: (effects) => effects.map((effect) => (effect.type === 'request' ? { ...effect, timeout: effect.timeout / 2 } : effect)),
  }),
  planted('the last answer comes twice', { inputs: (input) => (input.type === 'response' && input.last ? [input, input] : [input]) }),
  planted('gossip comes twice', { inputs: (input) => (input.type === 'gossip' ? [input, input] : [input]) }),
  planted('gossip does not come', { inputs: (input) => (input.type === 'gossip' ? [] : [input]) }),
  planted('gossip goes on unjudged', { isUnjudged: true }),
  planted('results of a job are swapped', { inputs: swapPairs('computed') }),
]

function planted(bug: string, breakage: Breakage): PlantedWorld {
  return {
    bug,
    plant: (world) => ({ name: `${world.name}, where ${bug}`, run: (conformanceCase) => world.run(broken(conformanceCase, breakage)) }),
  }
}

function broken(conformanceCase: ConformanceCase, breakage: Breakage): ConformanceCase {
  const peers = conformanceCase.peers.map((peer) => {
    const memory = new Map<string, unknown>()
    return { name: peer.name, createMachine: (idOf: (name: string) => string) => brokenMachine(peer.createMachine(idOf), breakage, memory) }
  })
  const script = (conformanceCase.script ?? []).filter((step) => breakage.ignores?.includes(step.type) !== true)
  return { ...conformanceCase, peers, script }
}

function brokenMachine(machine: Machine<Note, Paper>, breakage: Breakage, memory: Map<string, unknown>): Machine<Note, Paper> {
  return {
    handle(input, now) {
      const shown = breakage.now?.(now) ?? now
      const inputs = breakage.inputs?.(input, memory) ?? [input]
      return inputs.flatMap((next) => {
        const effects = machine.handle(next, shown)
        return breakage.effects?.(effects, next, memory) ?? effects
      })
    },
    ...(machine.validate && breakage.isUnjudged !== true && { validate: machine.validate.bind(machine) }),
  }
}

function without(type: Effect['type']): (effects: Out) => Out {
  return (effects) => effects.filter((effect) => effect.type !== type)
}

function postpone(effects: Out, _input: In, memory: Map<string, unknown>): Out {
  const late = (memory.get('late') ?? []) as Out
  memory.set('late', effects.slice(2))
  return [...effects.slice(0, 2), ...late]
}

function keepTimers(effects: Out, input: In, memory: Map<string, unknown>): Out {
  const kept = (memory.get('timers') ?? []) as Out
  memory.set('timers', [...kept, ...effects.filter((effect) => effect.type === 'setTimer')])
  return input.type === 'started' ? [...effects, ...kept] : effects
}

function renameTimers(effects: Out, _input: In, memory: Map<string, unknown>): Out {
  return effects.map((effect) => {
    if (effect.type !== 'setTimer') return effect
    const count = Number(memory.get('count') ?? 0) + 1
    memory.set('count', count)
    return { ...effect, key: `${effect.key}#${count}` }
  })
}

function restoreTimerNames(input: In): readonly In[] {
  return [input.type === 'timer' ? { ...input, key: input.key.replace(/#.*$/, '') } : input]
}

/** Holds every second input of a kind back until the one after it. */
function swapPairs(type: In['type']): (input: In, memory: Map<string, unknown>) => readonly In[] {
  return (input, memory) => {
    if (input.type !== type) return [input]
    const held = memory.get('held') as In | undefined
    memory.set('held', held === undefined ? input : undefined)
    return held === undefined ? [] : [input, held]
  }
}
