import { BHttpDecoder, BHttpEncoder } from 'bhttp-js'
import * as hpke from 'hpke'

/** An oblivious HTTP client of other people's parts: HPKE by `hpke`, binary HTTP by `bhttp-js`, the rest of RFC 9458 by WebCrypto. */
const suite = new hpke.CipherSuite(hpke.KEM_DHKEM_X25519_HKDF_SHA256, hpke.KDF_HKDF_SHA256, hpke.AEAD_AES_128_GCM)
const NONCE_LENGTH = 16
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

export interface SealedHttp {
  readonly message: Uint8Array<ArrayBuffer>
  open(answer: Uint8Array): Promise<Response>
  openChunks(answer: Uint8Array): Promise<{ readonly response: Response; readonly chunks: number }>
}

/** The first AES-128-GCM key of an `application/ohttp-keys` list: where it stands, by RFC 9458 §3. */
export function keyOf(list: Uint8Array): { readonly keyId: number; readonly publicKey: Uint8Array } {
  return { keyId: list[2] ?? 0, publicKey: list.slice(5, 37) }
}

export async function sealHttp(list: Uint8Array, request: Request, chunked = false): Promise<SealedHttp> {
  const { keyId, publicKey } = keyOf(list)
  const word = chunked ? 'message/bhttp chunked' : 'message/bhttp'
  const header = Uint8Array.of(keyId, 0, 0x20, 0, 1, 0, 1)
  const info = new Uint8Array([...ascii(`${word} request`), 0, ...header])
  const { encapsulatedSecret, ctx } = await suite.SetupSender(await suite.DeserializePublicKey(publicKey), { info })
  const plain = new Uint8Array(await new BHttpEncoder().encodeRequest(request))
  const enc = new Uint8Array(encapsulatedSecret)
  const sealedBytes = chunked ? await inChunks(ctx, plain) : new Uint8Array(await ctx.Seal(plain, new Uint8Array(0)))
  const secret = new Uint8Array(await ctx.Export(ascii(`${word} response`), NONCE_LENGTH))
  const keys = (answer: Uint8Array) => responseKeys(enc, secret, answer.slice(0, NONCE_LENGTH))
  return {
    message: new Uint8Array([...header, ...enc, ...sealedBytes]),
    async open(answer) {
      return new BHttpDecoder().decodeResponse(await opened(await keys(answer), 0, answer.slice(NONCE_LENGTH)))
    },
    async openChunks(answer) {
      const own = await keys(answer)
      const pieces: Uint8Array[] = []
      let offset = NONCE_LENGTH
      for (let sequence = 0; ; sequence++) {
        const { length, size } = varint(answer, offset)
        offset += size
        const end = length === 0 ? answer.length : offset + length
        pieces.push(await opened(own, sequence, answer.slice(offset, end), length === 0))
        if (length === 0) {
          const whole = new Uint8Array(pieces.flatMap((piece) => [...piece]))
          return { response: new BHttpDecoder().decodeResponse(whole), chunks: pieces.length }
        }
        offset = end
      }
    },
  }
}

/** Chunks of 48 bytes, each behind its length, and a final one of none that says that this is all. */
async function inChunks(ctx: hpke.SenderContext, plain: Uint8Array): Promise<Uint8Array> {
  const sealed: number[] = []
  for (let offset = 0; offset < plain.length; offset += 48) {
    const chunk = new Uint8Array(await ctx.Seal(plain.slice(offset, offset + 48), new Uint8Array(0)))
    // Two bytes hold any length below 16,384.
    sealed.push(0x40 | (chunk.length >> 8), chunk.length & 0xff, ...chunk)
  }
  return new Uint8Array([...sealed, 0, ...new Uint8Array(await ctx.Seal(new Uint8Array(0), ascii('final')))])
}

interface ResponseKeys {
  readonly key: Awaited<ReturnType<typeof crypto.subtle.importKey>>
  readonly nonce: Uint8Array
}

async function responseKeys(enc: Uint8Array, secret: Uint8Array, responseNonce: Uint8Array): Promise<ResponseKeys> {
  const base = await crypto.subtle.importKey('raw', new Uint8Array(secret), 'HKDF', false, ['deriveBits'])
  const salt = new Uint8Array([...enc, ...responseNonce])
  const derive = async (label: string, bytes: number): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(
      await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info: new Uint8Array(ascii(label)) }, base, bytes * 8),
    )
  return {
    key: await crypto.subtle.importKey('raw', await derive('key', 16), 'AES-GCM', false, ['decrypt']),
    nonce: await derive('nonce', 12),
  }
}

async function opened({ key, nonce }: ResponseKeys, sequence: number, sealedBytes: Uint8Array, final = false): Promise<Uint8Array> {
  const iv = new Uint8Array(nonce)
  for (let index = 11, rest = sequence; rest > 0; index--, rest = Math.floor(rest / 256)) iv[index] = (iv[index] ?? 0) ^ (rest & 0xff)
  const additionalData = new Uint8Array(final ? ascii('final') : [])
  return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, new Uint8Array(sealedBytes)))
}

/** QUIC's variable-length integer (RFC 9000 §16). */
function varint(bytes: Uint8Array, at: number): { readonly length: number; readonly size: number } {
  const first = bytes[at] ?? 0
  const size = 1 << (first >> 6)
  let length = first & 0x3f
  for (let index = 1; index < size; index++) length = length * 256 + (bytes[at + index] ?? 0)
  return { length, size }
}
