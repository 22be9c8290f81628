import type { PeerId } from '@infermesh/kernel'
import type { PeerWatch } from '../../detection/peer-watch.ts'
import type { ModelBook } from '../../grantor/authority/model-book.ts'
import type { Call } from './call.ts'
import type { CallBook } from './call-book.ts'
import type { PrivateModelsConfig, PrivateModelsServices } from './config.ts'

/** What all the private models of one operator share. */
export interface DutyContext {
  readonly config: PrivateModelsConfig
  readonly services: PrivateModelsServices
  readonly calls: CallBook<Call>
  readonly book: ModelBook
  readonly watch: PeerWatch
}

/** Which model, and whose. The owner itself when it is this peer. */
export interface Duty {
  readonly model: string
  readonly owner: PeerId
}
