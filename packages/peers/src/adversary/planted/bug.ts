import type { Millis } from '@infermesh/kernel'
import type { PeerEffect, PeerInput, PeerMachine, PeerServices, Role } from '@infermesh/protocol'
import type { LedgerRule } from '@infermesh/protocol/ledger'
import type { Answerer } from '../../operator/answer.ts'

/** Makes one peer's machine, also with something changed. */
export interface MachineBuilder {
  readonly role: Role
  readonly services: PeerServices
  make(changes?: { readonly services?: PeerServices; readonly answerer?: Answerer }): PeerMachine
}

/** A mistake that could be made, and that the checks must find. Tests plant it in every peer of a role; nothing else can. */
export interface PlantedBug {
  readonly name: string
  readonly about: string
  /** Whose machines are built anew; of a bug in the ledger alone, nobody's. */
  readonly roles: readonly Role[]
  /** Rules that everybody's ledger leaves out, that of a replay too. */
  readonly waives?: readonly LedgerRule[]
  /** The scenario that has what it needs, where `hunting-ground` has not. */
  readonly ground?: string
  /** Checks that must find it; another one is a surprise worth a look. */
  readonly breaks: readonly string[]
  /** Checks that may break first by what else follows from it: the hunt goes on. */
  readonly besides?: readonly string[]
  build?(builder: MachineBuilder): PeerMachine
}

export interface Rewrite {
  /** The input as the machine gets it; undefined keeps it from it. */
  readonly input?: (input: PeerInput, now: Millis) => PeerInput | undefined
  readonly effects?: (effects: readonly PeerEffect[], input: PeerInput, now: Millis) => readonly PeerEffect[]
  readonly clock?: (now: Millis) => Millis
}

/** A machine whose inputs, effects or clock are tampered with. */
export function rewritten(machine: PeerMachine, rewrite: Rewrite): PeerMachine {
  const { input: change = (same) => same, effects: alter = (same) => same, clock = (now) => now } = rewrite
  return {
    validate: (topic, envelope, now) => machine.validate?.(topic, envelope, clock(now)) ?? 'accept',
    handle(input, now) {
      const given = change(input, now)
      return given === undefined ? [] : alter(machine.handle(given, clock(now)), given, now)
    },
  }
}

export const isPublishOf = (effect: PeerEffect, type: string): boolean => effect.type === 'publish' && effect.envelope.type === type

export const isSaveUnder = (effect: PeerEffect, prefix: string): boolean => effect.type === 'save' && effect.key.startsWith(prefix)
