import { utf8ToBytes } from '@noble/hashes/utils.js'

/**
 * What is sealed, and how both ends name it. The labels enter the key schedule, so one key serves two formats without one being
 * readable as the other (RFC 9458 §4.6).
 */
export interface ObliviousFormat {
  readonly requestMedia: string
  readonly responseMedia: string
  readonly requestLabel: Uint8Array
  readonly responseLabel: Uint8Array
}

/** Whole binary HTTP messages (RFC 9458). */
export const BHTTP_FORMAT: ObliviousFormat = {
  requestMedia: 'message/ohttp-req',
  responseMedia: 'message/ohttp-res',
  requestLabel: utf8ToBytes('message/bhttp request'),
  responseLabel: utf8ToBytes('message/bhttp response'),
}

/** Binary HTTP in chunks (draft-ietf-ohai-chunked-ohttp-08). */
export const CHUNKED_BHTTP_FORMAT: ObliviousFormat = {
  requestMedia: 'message/ohttp-chunked-req',
  responseMedia: 'message/ohttp-chunked-res',
  requestLabel: utf8ToBytes('message/bhttp chunked request'),
  responseLabel: utf8ToBytes('message/bhttp chunked response'),
}

/** Infermesh's own inference messages in place of HTTP, whole. */
export const INFER_FORMAT: ObliviousFormat = {
  requestMedia: 'application/infermesh-infer-req',
  responseMedia: 'application/infermesh-infer-res',
  requestLabel: utf8ToBytes('application/infermesh-infer request'),
  responseLabel: utf8ToBytes('application/infermesh-infer response'),
}

/** Infermesh's own inference messages in chunks, each of which may be a padded slot. */
export const CHUNKED_INFER_FORMAT: ObliviousFormat = {
  requestMedia: 'application/infermesh-infer-chunked-req',
  responseMedia: 'application/infermesh-infer-chunked-res',
  requestLabel: utf8ToBytes('application/infermesh-infer chunked request'),
  responseLabel: utf8ToBytes('application/infermesh-infer chunked response'),
}
