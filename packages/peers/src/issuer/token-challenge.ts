import type { PeerId } from '@infermesh/kernel'
import { asciiBytes, type Directory } from '@infermesh/protocol'
import { encodeTokenChallenge, TOKEN_TYPE } from '@infermesh/protocol/tokens'

/**
 * What tokens are bought for: one issuer and one gateway, for as long as the key lasts. A gateway of its own each costs log2 of their
 * number in bits, and makes a token that was spent here worthless everywhere else, without any gateway asking another.
 */
export function tokenChallengeOf(directory: Directory, issuer: PeerId, gateway: PeerId): Uint8Array {
  const names = { issuer: directory.nameOf(issuer), origins: directory.nameOf(gateway) }
  return encodeTokenChallenge({ type: TOKEN_TYPE.publiclyVerifiable, context: asciiBytes(''), ...names })
}
