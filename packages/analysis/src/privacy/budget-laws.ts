import { type Law, within } from '../laws/law.ts'

/** Noise of mean μ and scale b on what an observer counts, over k rounds. */
export interface NoiseCase {
  readonly mean: number
  readonly scale: number
  readonly rounds: number
}

/**
 * How far a run of rounds may tell two users' behaviours apart, as (ε, δ): the noise of one exchange gives ε = 4/b and
 * δ = ½·e^((2−μ)/b), which compose with the slack d (van den Hooff et al. 2015).
 */
export function composed({ mean, scale, rounds }: NoiseCase, slack: number): { readonly epsilon: number; readonly delta: number } {
  const [epsilon, delta] = [4 / scale, Math.exp((2 - mean) / scale) / 2]
  return {
    epsilon: Math.sqrt(2 * rounds * Math.log(1 / slack)) * epsilon + rounds * epsilon * Math.expm1(epsilon),
    delta: rounds * delta + slack,
  }
}

export const noiseBudget = (published: NoiseCase, ratio: number, actual = published): Law => ({
  name: `privacy.noise-budget.${published.rounds}-rounds`,
  source: 'Vuvuzela: e^ε after k rounds of noise (μ, b), d = 1e-5',
  run: () => within(ratio, Math.exp(composed(actual, 1e-5).epsilon), [ratio - 0.005, ratio + 0.005]),
})

export const budgetLaws: readonly Law[] = [
  noiseBudget({ mean: 150_000, scale: 7_300, rounds: 70_000 }, 2.05),
  noiseBudget({ mean: 300_000, scale: 13_800, rounds: 250_000 }, 2.05),
  noiseBudget({ mean: 450_000, scale: 20_000, rounds: 500_000 }, 2.01),
]
