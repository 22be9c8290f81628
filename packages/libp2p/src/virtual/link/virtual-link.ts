import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import type { Link } from '../../host-options.ts'
import { endOf } from './virtual-connection.ts'
import { VirtualIdentify } from './virtual-identify.ts'
import { VirtualTransport, type VirtualTransportInit } from './virtual-transport.ts'

/** The same seam as `tcpLink()`: how bytes get from host to host in a virtual world. */
export function virtualLink(init: Omit<VirtualTransportInit, 'log'>): Link {
  return {
    transports: [({ logger }) => new VirtualTransport({ ...init, log: logger.forComponent('virtual') })],
    connectionEncrypters: init.wire === 'full' ? [noise()] : [],
    streamMuxers: init.wire === 'full' ? [yamux({ enableKeepAlive: false })] : [],
    ...(init.wire === 'plain' && { identify: (components) => new VirtualIdentify(components, endOf) }),
  }
}
