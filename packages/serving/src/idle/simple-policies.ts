import { byAge, type IdlePolicy, type IdleSession, keep } from './idle-policy.ts'

const nothing = { keepMs: 0, guardTokens: 0, swap: false }
const forgetful = (): void => {}

/** Gives up everything when the turn ends: what an engine without a prefix cache does. */
export const dropPolicy = (): IdlePolicy => ({ name: 'drop', suspended: () => nothing, rank: byAge, returned: forgetful })

/** Keeps everything; the longest idle session gives way, its tail first. */
export const keepPolicy = (): IdlePolicy => ({ name: 'keep', suspended: keep, rank: byAge, returned: forgetful })

/** Keeps for a fixed time, and meanwhile like `keep`. */
export const ttlPolicy = (keepMs: number): IdlePolicy => ({
  name: `ttl-${keepMs}`,
  suspended: (session) => ({ ...keep(session), keepMs }),
  rank: byAge,
  returned: forgetful,
})

/** Gives up first what the next turn can compute again without being late: a tail of so many tokens. */
export const tailTrimPolicy = (harmlessTokens: number): IdlePolicy => ({
  name: 'tail-trim',
  suspended: (session) => ({ ...keep(session), guardTokens: Math.max(0, session.contextTokens - harmlessTokens) }),
  rank: byAge,
  returned: forgetful,
})

/**
 * Believes the client's guess: who returns last gives way first. One overdue by x is taken to need 2x more,
 * so a wrong guess costs a while and not forever; a session without a guess counts as overdue since its turn's end.
 */
export const hintPolicy = (): IdlePolicy => ({
  name: 'hint',
  suspended: keep,
  rank: (session, now) => {
    const expected = session.since + (session.hint?.expectMs ?? 0)
    return expected >= now ? expected - now : 2 * (now - expected)
  },
  returned: forgetful,
})

/** Knows when each session returns: the best any order can do. `returnsAt` is Infinity for one that never does. */
export const offlinePolicy = (returnsAt: (session: IdleSession) => number): IdlePolicy => ({
  name: 'offline',
  suspended: (session) => (returnsAt(session) === Number.POSITIVE_INFINITY ? nothing : keep(session)),
  rank: (session, now) => returnsAt(session) - now,
  returned: forgetful,
})
