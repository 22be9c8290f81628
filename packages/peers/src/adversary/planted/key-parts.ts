import { emit, request, respond } from '@infermesh/kernel'
import type { MessageOf, PeerEffect, PeerMachine } from '@infermesh/protocol'
import { type MachineBuilder, rewritten } from './bug.ts'

/** A standby that asks for its share of the key at the same time as for the lease, and so without one. */
export function asksTooSoon({ make }: MachineBuilder): PeerMachine {
  let calls = 0
  const withShare = (effect: PeerEffect): readonly PeerEffect[] => {
    if (effect.type !== 'request' || effect.message.type !== 'AskLease') return [effect]
    const { model, delegation, attestation } = effect.message
    if (delegation[0] === undefined || attestation[0] === undefined) return [effect]
    const message = {
      type: 'ReleaseShare',
      model,
      lease: new Uint8Array(),
      delegation: delegation[0],
      attestation: attestation[0],
    } as const
    return [effect, request({ ...effect, callId: `too-soon/${calls++}`, stream: 'key-release', message })]
  }
  return rewritten(make(), { effects: (effects) => effects.flatMap(withShare) })
}

/** A grantor that gives its share to anybody who shows a delegation, and says that all was in order. */
export function openVault({ make }: MachineBuilder): PeerMachine {
  const shares = new Map<string, MessageOf<'DepositShare'>['share']>()
  return rewritten(make(), {
    effects: (effects, input) => {
      if (input.type !== 'request') return effects
      const isDone = !effects.some((effect) => effect.type === 'respond' && effect.message.type === 'Refused')
      if (input.message.type === 'DepositShare') for (const model of keptIn(effects)) shares.set(model, input.message.share)
      if (input.message.type !== 'ReleaseShare' || isDone) return effects
      const { model } = input.message
      const share = shares.get(model)
      if (share === undefined) return effects
      const said = { type: 'keyReleased', model, to: input.from, attested: true, delegated: true, leased: true } as const
      return [emit(said), respond(input.id, { type: 'ShareReleased', share })]
    },
  })
}

const keptIn = (effects: readonly PeerEffect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.type === 'respond' && effect.message.type === 'ShareKept' ? [effect.message.model] : []))
