import { digestOf, type PeerServices } from '@infermesh/protocol'

/** The name that all who hold the sealed bytes give them in the trace. */
export const sealedNameOf = ({ crypto }: PeerServices, body: Uint8Array): string => digestOf(crypto.hash, body).slice(0, 32)
