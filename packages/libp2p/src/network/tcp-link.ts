import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import type { Link } from '../host-options.ts'

/** TCP, Noise and Yamux, for peers that are processes. */
export function tcpLink(): Link {
  return {
    transports: [
      tcp({
        // Small frames must not wait for the acknowledgement of the ones before.
        dialOpts: { noDelay: true },
        listenOpts: { noDelay: true },
        backlog: 4096,
        // Whether a silent peer is dead is for the machines to judge; a paused one keeps its sockets.
        inboundSocketInactivityTimeout: 0,
        outboundSocketInactivityTimeout: 0,
      }),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ enableKeepAlive: false })],
  }
}
