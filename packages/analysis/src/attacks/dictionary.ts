/** The texts behind published hashes, for an attacker who can hash what it guesses. A salt in each text leaves none. */
export function dictionaryHits(
  published: readonly string[],
  guesses: readonly string[],
  hash: (text: string) => string,
): readonly (string | undefined)[] {
  const known = new Map(guesses.map((guess) => [hash(guess), guess]))
  return published.map((digest) => known.get(digest))
}
