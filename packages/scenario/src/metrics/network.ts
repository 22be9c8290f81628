import type { MetricFold, MetricValues, RecordOf } from './fold.ts'
import { Spread } from './spread.ts'

/** Peers and gossip. */
export class NetworkMetrics implements MetricFold {
  readonly watches = ['peerStarted', 'peerCrashed', 'borderCrossed', 'gossipDelivered'] as const
  readonly #delivery = new Spread()
  #started = 0
  #crashed = 0
  #border: MetricValues = {}

  observe({ event }: RecordOf<(typeof this.watches)[number]>): void {
    if (event.type === 'peerStarted') this.#started++
    if (event.type === 'peerCrashed') this.#crashed++
    if (event.type === 'borderCrossed') {
      this.#border = {
        'border.requests': event.requestsIn + event.requestsOut,
        'border.gossip': event.gossipIn + event.gossipOut,
        'border.duplicates': event.duplicates,
      }
    }
    if (event.type === 'gossipDelivered') for (const delay of event.delaysMs) this.#delivery.add(delay)
  }

  report(): MetricValues {
    return {
      'peers.started': this.#started,
      'peers.crashed': this.#crashed,
      'gossip.delivered': this.#delivery.count(),
      ...this.#delivery.report('gossip.delivery_ms'),
      ...this.#border,
    }
  }
}
