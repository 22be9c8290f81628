/** One request on one side of a relay: when it passed, when its answer began, and a label that shows on both sides (its sizes). */
export interface Flow {
  readonly sentAt: number
  readonly answeredAt: number
  readonly label: string
}

/**
 * Matches flows on the two sides of a relay by both of their ends at once, with exponential delays of known means: an earlier request and
 * a later answer weigh less the further off they are. Gives for each flow of the far side the weight of each near one.
 */
export function roundTripWeights(
  near: readonly Flow[],
  far: readonly Flow[],
  means: { readonly request: number; readonly answer: number },
): readonly (readonly number[])[] {
  const [request, answer] = [Math.max(means.request, LEAST), Math.max(means.answer, LEAST)]
  return far.map((flow) => {
    const exponents = near.map((other) => {
      const [held, late] = [flow.sentAt - other.sentAt, other.answeredAt - flow.answeredAt]
      return other.label !== flow.label || held < 0 || late < 0 ? Number.NEGATIVE_INFINITY : -held / request - late / answer
    })
    const highest = Math.max(...exponents)
    return exponents.map((exponent) => (highest === Number.NEGATIVE_INFINITY ? 0 : Math.exp(exponent - highest)))
  })
}

/** A relay that does not delay still takes a moment. */
const LEAST = 5
