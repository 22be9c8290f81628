import type { PeerId } from '@infermesh/kernel'
import type { HostContext } from '../host-context.ts'
import type { FrameStreamInit } from './frame-stream.ts'

/** What every frame stream of a host has in common. */
export function frameStreamInit(context: HostContext, peer: PeerId): Omit<FrameStreamInit, 'onFrame' | 'onClosed'> {
  const { counters, limits } = context
  return {
    link: context.shaping.of(peer),
    admit: (bytes, take) => context.shaping.down.admit(bytes, take),
    bytesMax: limits.queuedBytesMax,
    framesMax: limits.queuedFramesMax,
    messageBytesMax: limits.messageBytesMax,
    schedule: context.schedule,
    gather: (fill) => context.inputs.gather(fill),
    onSent(frames, bytes) {
      counters.framesSent += frames
      counters.bytesSent += bytes
    },
    onReceived(bytes) {
      counters.framesReceived++
      counters.bytesReceived += bytes
    },
  }
}
