/** Whole milliseconds: an instant (since the run's epoch or Unix time, the world says which) or a duration. */
export type Millis = number

/** A libp2p peer id in its base58 text form (`12D3KooW…`). It names a key, not an address. */
export type PeerId = string

/** Integer money. One unit is the smallest amount that can change hands. */
export type Amount = number

export const seconds = (count: number): Millis => Math.round(count * 1000)
