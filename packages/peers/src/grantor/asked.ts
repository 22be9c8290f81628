import type { PeerId, RequestId } from '@infermesh/kernel'
import type { Message } from '@infermesh/protocol'

/** Another peer's request, once its kind is known. */
export interface Asked<M extends Message> {
  readonly id: RequestId
  readonly from: PeerId
  readonly message: M
}
