import type { Leak } from '@infermesh/analysis'

/**
 * Facts down, observers across: what the best of an observer's attacks gets, for one run or for two. The first row names the observers; a
 * cell is empty where an observer has nothing to go by.
 */
export function leakMatrix(runs: readonly (readonly Leak[])[]): readonly string[][] {
  const all = runs.flat().filter(({ samples }) => samples > 0)
  const observers = [...new Set(all.map(({ observer }) => observer))]
  const facts = [...new Set(all.map(({ fact }) => fact))]
  const cell = (observer: string, fact: string): string => {
    const best = runs.map((leaks) => bestOf(leaks.filter((leak) => leak.observer === observer && leak.fact === fact && leak.samples > 0)))
    return best.every((share) => share === undefined) ? '' : `${best.map(percent).join(' → ')} %`
  }
  return [['of 100', ...observers], ...facts.map((fact) => [fact, ...observers.map((observer) => cell(observer, fact))])]
}

const bestOf = (leaks: readonly Leak[]): number | undefined =>
  leaks.length === 0 ? undefined : Math.max(...leaks.map(({ success }) => success))

const percent = (share: number | undefined): string => (share === undefined ? '–' : (100 * share).toFixed(0))
