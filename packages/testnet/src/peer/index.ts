export type { Ask, BootPeer, MeshState, PeerAddress, PeerContext, PeerHost, StartHost } from './host.ts'
export { serveHosts } from './process.ts'
export { type BuildPeer, type PeerParts, runPeer } from './run-peer.ts'
