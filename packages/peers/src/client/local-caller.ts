import type { PeerId } from '@infermesh/kernel'
import type { PeerServices } from '@infermesh/protocol'

/** No peer id looks like this: worlds use it, or the peer's own id, for calls by whoever runs the peer. */
const LOCAL: PeerId = 'local'

/** Commands are taken from the peer's own side only, never from the network. */
export const isLocalCaller = (from: PeerId, { identity }: PeerServices): boolean => from === LOCAL || from === identity.peerId
