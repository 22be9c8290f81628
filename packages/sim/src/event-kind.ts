/** What an event of the world's queue means; the numbers are private to a run. */
export const KIND = {
  action: 0,
  timer: 1,
  call: 2,
  answer: 3,
  cancelled: 4,
  failed: 5,
  timeout: 6,
  connectionLost: 7,
  held: 8,
  localAnswer: 9,
  computed: 10,
  diskDone: 11,
  gossip: 12,
  advertise: 13,
  advertised: 14,
  wanted: 15,
  unwanted: 16,
  repair: 17,
  neighbourLost: 18,
  expire: 19,
} as const

/** Added to the kind of a message that has passed its receiver's downlink. */
export const ADMITTED = 64

/** Events that reach a peer even while it is stopped or waits for its disk: they change the world, not the machine. */
export const reachesBlockedPeer = (kind: number): boolean =>
  kind === KIND.diskDone || kind === KIND.held || kind === KIND.expire || kind === KIND.repair
