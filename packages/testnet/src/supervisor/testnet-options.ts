import type { Millis, PeerId, TraceRecord } from '@infermesh/kernel'
import type { PeerBundle } from '../bundle/peer-bundle.ts'
import type { HostStats } from '../peer/channel.ts'
import type { BootPeer } from '../peer/host.ts'
import type { ProcessState } from './peer-process.ts'
import type { ProcessMemory } from './proc-files.ts'

/** One peer of a testnet. */
export interface PeerSpec extends Pick<BootPeer, 'name' | 'role' | 'identitySeed' | 'config'> {
  /** Names of the peers that this one dials, and keeps dialling. */
  readonly dial: readonly string[]
  /** Peers that name the same process share it: they start, crash, pause and stop together. Default: one of its own. */
  readonly process?: string
  /** Multiaddr. Default `/ip4/127.0.0.1/tcp/0`. */
  readonly listen?: string
}

export interface TestnetOptions {
  /** Gets `logs/<process>.log` and `stores/<peer>`. */
  readonly folder: string
  readonly bundle: PeerBundle
  readonly peers: readonly PeerSpec[]
  /** The merged trace, about `orderWindow` late. */
  readonly onRecord: (record: TraceRecord) => void
  /** A process ended that nobody had ended. `detail` is its error, or how it ended. */
  readonly onUnexpectedExit?: (exit: UnexpectedExit) => void
  readonly limits?: Partial<TestnetLimits>
  /** Added to the environment of the peers. */
  readonly env?: Readonly<Record<string, string>>
  /** Node options of the peers, such as `--max-old-space-size=64`. */
  readonly execArgv?: readonly string[]
}

export interface TestnetLimits {
  /** Processes between launch and listening at one time. More only slow each other down. */
  readonly bootsInFlight: number
  readonly bootTimeout: Millis
  /** A peer that takes longer to stop is killed. */
  readonly stopTimeout: Millis
  /** How long a trace record waits for earlier ones of other peers. */
  readonly orderWindow: Millis
}

export interface UnexpectedExit {
  readonly peers: readonly string[]
  readonly detail: string
  readonly log: string
}

/** What the supervisor knows of a peer without asking it. */
export interface PeerStatus {
  readonly name: string
  readonly role: string
  readonly state: ProcessState
  readonly process: string
  readonly pid: number | undefined
  readonly peerId: PeerId | undefined
  readonly addresses: readonly string[]
  /** Times it was started again. */
  readonly restarts: number
  readonly log: string
}

/** Memory and processor time are those of the whole process; `host` is undefined while the peer is paused or down. */
export interface PeerStats {
  readonly name: string
  readonly memory: ProcessMemory | undefined
  readonly cpuMs: number | undefined
  readonly host: HostStats | undefined
}
