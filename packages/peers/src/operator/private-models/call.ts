import type { PeerId } from '@infermesh/kernel'

/** What a call of a private model was for. `round` tells a late answer from one that is waited for. */
export type Call = { readonly model: string } & (
  | { readonly part: 'ask'; readonly round: number; readonly grantor: PeerId }
  | { readonly part: 'release'; readonly round: number }
  | { readonly part: 'share'; readonly round: number; readonly grantor: PeerId }
  | { readonly part: 'pull' }
  | { readonly part: 'chunk'; readonly round: number }
  | { readonly part: 'deposit'; readonly grantor: PeerId }
  | { readonly part: 'handback' }
)
