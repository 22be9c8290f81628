import type { Scenario, ScenarioFault } from '@infermesh/scenario'

/** True when a scenario still breaks in the same way. */
export type Breaks = (scenario: Scenario) => Promise<boolean>

/**
 * The smallest scenario found that still breaks: fewer faults first (delta debugging), then less load, then simpler faults. Each
 * step is kept only when the breakage stays. Stops after `runs` trials; what has been reached by then is returned.
 */
export async function shrink(
  scenario: Scenario,
  breaks: Breaks,
  runs: number,
): Promise<{ readonly scenario: Scenario; readonly runs: number }> {
  let left = runs
  const holds: Breaks = async (candidate) => left-- > 0 && (await breaks(candidate))
  let smallest = await fewerFaults(scenario, holds)
  smallest = await firstThatBreaks(smallest, fewerCommands, holds)
  smallest = await firstThatBreaks(smallest, lessLoad, holds)
  smallest = await firstThatBreaks(smallest, simplerFaults, holds)
  smallest = await fewerFaults(smallest, holds)
  return { scenario: smallest, runs: runs - Math.max(0, left) }
}

/** Zeller and Hildebrandt's ddmin over the list of faults. */
async function fewerFaults(scenario: Scenario, breaks: Breaks): Promise<Scenario> {
  const withFaults = (faults: readonly ScenarioFault[]): Scenario => ({ ...scenario, faults })
  if (scenario.faults.length > 0 && (await breaks(withFaults([])))) return withFaults([])
  let faults = scenario.faults
  let parts = 2
  while (faults.length >= 2) {
    const size = Math.ceil(faults.length / parts)
    const found = await smallerPart(faults, size, (candidate) => breaks(withFaults(candidate)))
    if (found !== undefined) {
      faults = found
      parts = 2
    } else if (parts >= faults.length) break
    else parts = Math.min(faults.length, parts * 2)
  }
  return withFaults(faults)
}

async function smallerPart(
  faults: readonly ScenarioFault[],
  size: number,
  breaks: (faults: readonly ScenarioFault[]) => Promise<boolean>,
): Promise<readonly ScenarioFault[] | undefined> {
  for (let start = 0; start < faults.length; start += size) {
    const without = [...faults.slice(0, start), ...faults.slice(start + size)]
    if (without.length > 0 && (await breaks(without))) return without
  }
  return undefined
}

/** Takes the first candidate that still breaks, and starts over from it, until none does. */
async function firstThatBreaks(scenario: Scenario, candidates: (from: Scenario) => readonly Scenario[], breaks: Breaks): Promise<Scenario> {
  let current = scenario
  for (let progress = true; progress; ) {
    progress = false
    for (const candidate of candidates(current)) {
      if (!(await breaks(candidate))) continue
      current = candidate
      progress = true
      break
    }
  }
  return current
}

const fewerCommands = (scenario: Scenario): readonly Scenario[] =>
  scenario.commands.map((_, index) => ({ ...scenario, commands: scenario.commands.toSpliced(index, 1) }))

function lessLoad(scenario: Scenario): readonly Scenario[] {
  const { load } = scenario
  const without = load.length < 2 ? [] : load.map((_, index) => load.toSpliced(index, 1))
  const halved = load.flatMap((entry, index) =>
    entry.rate !== undefined && entry.rate > 0.5 ? [load.with(index, { ...entry, rate: Math.ceil(entry.rate * 5) / 10 })] : [],
  )
  // Faults name clients by the number of their load entry: entries that a fault speaks of stay.
  return [...without, ...halved].map((less) => ({ ...scenario, load: less })).filter(namesOnlyItsOwn)
}

const namesOnlyItsOwn = (scenario: Scenario): boolean => {
  const named = JSON.stringify(scenario.faults).matchAll(/"client-(\d+)-(\d+)"/g)
  return [...named].every(([, load, client]) => Number(client) < (scenario.load[Number(load)]?.client ?? 0))
}

const simplerFaults = (scenario: Scenario): readonly Scenario[] =>
  scenario.faults.flatMap((fault, index) =>
    simpler(fault).map((each) => ({ ...scenario, faults: [...scenario.faults].toSpliced(index, 1, each) })),
  )

/** Variants of a fault that are nearer to one peer, one instant and round numbers. */
function simpler(fault: ScenarioFault): readonly ScenarioFault[] {
  const variants: ScenarioFault[] = []
  if ('peers' in fault && fault.peers.length > 1) variants.push(...fault.peers.map((peer) => ({ ...fault, peers: [peer] })))
  if (fault.kind === 'crash' && (fault.afterEffects !== undefined || fault.cut !== undefined)) {
    const { afterEffects: _afterEffects, cut: _cut, ...atOnce } = fault
    variants.push(atOnce)
  }
  if (fault.kind === 'partition')
    variants.push(
      ...fault.groups.flatMap((group, index) => thinned(group).map((less) => ({ ...fault, groups: fault.groups.with(index, less) }))),
    )
  if (fault.until !== undefined && fault.until - fault.at > 100)
    variants.push({ ...fault, until: fault.at + Math.floor((fault.until - fault.at) / 2) })
  const whole = Math.round(fault.at / 1_000) * 1_000
  if (whole !== fault.at)
    variants.push({ ...fault, at: whole, ...(fault.until === undefined ? {} : { until: fault.until + whole - fault.at }) })
  return variants
}

/** Each half, then each peer alone left out. */
function thinned(group: readonly string[]): readonly (readonly string[])[] {
  if (group.length < 2) return []
  const half = group.length >> 1
  return [group.slice(0, half), group.slice(half), ...group.map((_, index) => group.toSpliced(index, 1))]
}
