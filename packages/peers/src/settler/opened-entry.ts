import { DecodeFailed, openEnvelope, type PeerServices, topics } from '@infermesh/protocol'
import { isLogged, type LoggedEntry } from '@infermesh/protocol/ledger'
import { admit } from '../admission.ts'

/** A statement that somebody brought by hand, if it may stand in the log; otherwise what is wrong with it. */
export function openedEntry(raw: Uint8Array, services: PeerServices): LoggedEntry | string {
  try {
    const entry = openEnvelope(raw, { networkId: services.directory.genesis.networkId, crypto: services.crypto })
    const isAdmitted = Object.keys(topics).some((topic) => admit(services.directory, topic, entry) === 'accept')
    return isLogged(entry) && isAdmitted ? entry : `expected a log entry by a peer of the right role, found a ${entry.type}`
  } catch (failure) {
    if (failure instanceof DecodeFailed) return failure.message
    throw failure
  }
}
