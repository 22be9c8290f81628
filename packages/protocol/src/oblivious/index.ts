export { type BhttpCode, BhttpDecoder, type BhttpEvent, type BhttpLimits, bhttpLimits } from './bhttp/decoder.ts'
export {
  type EncodeOptions,
  encodeContent,
  encodeContentEnd,
  encodeRequest as encodeHttpRequest,
  encodeResponse as encodeHttpResponse,
  encodeResponseHead as encodeHttpResponseHead,
} from './bhttp/encoder.ts'
export {
  type Field,
  type Framing,
  fieldOf,
  type HttpRequest,
  type HttpResponse,
  type InformationalResponse,
  plainResponse,
} from './bhttp/message.ts'
export { decodeRequest as decodeHttpRequest, decodeResponse as decodeHttpResponse } from './bhttp/whole.ts'
export { type ChunkCode, type ChunkLimits, ChunkOpener, ChunkSealer, chunkLimits } from './chunks.ts'
export { BHTTP_FORMAT, CHUNKED_BHTTP_FORMAT, CHUNKED_INFER_FORMAT, INFER_FORMAT, type ObliviousFormat } from './format.ts'
export {
  type InnerCode,
  ObliviousGateway,
  type ObliviousGatewayConfig,
  obliviousGatewayDefaults,
  type Reception,
} from './gateway.ts'
export {
  deriveKeyPair,
  type HpkeCode,
  HpkeRecipient,
  HpkeSender,
  type HpkeTerms,
  hpkeTerms,
  type PresharedKey,
  setupRecipient,
  setupSender,
} from './hpke.ts'
export { formatHttpDate, parseHttpDate } from './http-date.ts'
export { decodeKeyConfig, decodeKeyConfigs, encodeKeyConfig, encodeKeyConfigs, KEY_CONFIG_MEDIA, type KeyConfig } from './key-config.ts'
export { type GatewayKey, KeyRing } from './key-ring.ts'
export { DEFAULT_BUCKETS, type PaddingPolicy, paddedLength, padTo } from './padding.ts'
export { portablePrimitives } from './portable-primitives.ts'
export { AEAD, type AeadId, type HpkePrimitives, type KeyPair, type SealingAead, type SealingKey } from './primitives.ts'
export { ChunkedRequestOpener, type Exchange, ObliviousReceiver, type OpenedRequest, type SealedRequestCode } from './receiver.ts'
export { type Admission, ReplayWindow } from './replay-window.ts'
export { responseNonceLength } from './response-keys.ts'
export { type Failed, fail, must, type Result, succeed } from './result.ts'
export { type ChunkedRequest, ChunkedResponseOpener, ObliviousSender, type OpenCode, type SealedRequest } from './sender.ts'
export { type ObliviousServices, obliviousOf } from './services.ts'
export { sizedPrimitives } from './sized-primitives.ts'
export { decodeSlot, encodeSlot, SLOT_OVERHEAD, slotsOf } from './slots.ts'
