/** One request on one side of a relay: when it passed, when its answer began, and a label that shows on both sides (its sizes). */
export interface Flow {
  readonly sentAt: number
  readonly answeredAt: number
  readonly label: string
}

/**
 * Matches a flow on the far side of a relay with those on the near side by both of their ends at once, for exponential delays of known means:
 * an earlier request and a later answer weigh less the further off they are. Gives the weight of each near flow.
 */
export function roundTripWeights(
  near: readonly Flow[],
  far: Flow,
  means: { readonly request: number; readonly answer: number },
): readonly number[] {
  const [request, answer] = [Math.max(means.request, LEAST), Math.max(means.answer, LEAST)]
  const exponents = near.map((other) => {
    const [held, late] = [far.sentAt - other.sentAt, other.answeredAt - far.answeredAt]
    return held < 0 || late < 0 || other.label !== far.label ? Number.NEGATIVE_INFINITY : -held / request - late / answer
  })
  const highest = exponents.reduce((best, exponent) => Math.max(best, exponent), Number.NEGATIVE_INFINITY)
  return exponents.map((exponent) => (highest === Number.NEGATIVE_INFINITY ? 0 : Math.exp(exponent - highest)))
}

/** A relay that does not delay still takes a moment. */
const LEAST = 5
