/** Shannon entropy in bits of weights that need not add up to 1. */
export function entropyBits(weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let bits = 0
  for (const weight of weights) if (weight > 0) bits -= (weight / total) * Math.log2(weight / total)
  return bits
}

/** −log2 of the best guess's chance: what one guess is worth, which the entropy overstates. */
export function minEntropyBits(weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return -Math.log2(Math.max(...weights) / total)
}

/** Share of guesses that were right. */
export function hitRate<Value>(guesses: readonly Value[], truth: readonly Value[]): number {
  return guesses.filter((guess, index) => guess === truth[index]).length / guesses.length
}

/** Chance that a score from `with` exceeds one from `without`, ties counted half: the area under the ROC curve. */
export function areaUnderCurve(withSignal: readonly number[], withoutSignal: readonly number[]): number {
  const scores = [...withSignal.map((score) => ({ score, hit: 1 })), ...withoutSignal.map((score) => ({ score, hit: 0 }))]
  scores.sort((left, right) => left.score - right.score)
  let rankSum = 0
  for (let start = 0; start < scores.length; ) {
    let end = start
    let hits = 0
    for (; end < scores.length && scores[end]?.score === scores[start]?.score; end++) hits += scores[end]?.hit ?? 0
    rankSum += hits * ((start + 1 + end) / 2)
    start = end
  }
  const count = withSignal.length
  return (rankSum - (count * (count + 1)) / 2) / (count * withoutSignal.length)
}
