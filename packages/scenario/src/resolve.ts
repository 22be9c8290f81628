import type { Role } from '@infermesh/protocol'
import { type Agreement, parseAgreement } from './expect/agreement.ts'
import { type Expectation, parseExpectation } from './expect/expectation.ts'
import { BadScenario, type Problem, problemsOf } from './problems.ts'
import { resolveCommands } from './resolve-commands.ts'
import { Roster, resolveFaults } from './resolve-faults.ts'
import type { ScenarioCommand } from './schema/commands.ts'
import type { EngineSettings } from './schema/engine.ts'
import type { ScenarioFault } from './schema/faults/resolved.ts'
import type { ObliviousGatewaySettings, RelayDelay } from './schema/oblivious.ts'
import { roles } from './schema/peers.ts'
import { type ScenarioFile, scenarioSchema } from './schema/scenario.ts'

export interface ScenarioPeer {
  readonly name: string
  readonly group: string
  readonly role: Role
  readonly profile: string
  readonly slots: number
  readonly routing: 'power-of-two' | 'least-loaded' | 'uniform' | 'sticky' | 'prefix'
  readonly engine?: EngineSettings
  readonly oblivious?: ObliviousGatewaySettings
  readonly delay?: RelayDelay
  readonly answerDelay?: number
}

/** A scenario whose every name is known to exist. JSON-safe: it goes to child processes and into reports. */
export interface Scenario extends Omit<ScenarioFile, 'peers' | 'fidelity' | 'faults' | 'commands' | 'expect' | 'agree'> {
  readonly peers: readonly ScenarioPeer[]
  /** Names of the peers that are on libp2p in the `stack` world, where not all are. */
  readonly fidelity?: { readonly stack: readonly string[] }
  readonly faults: readonly ScenarioFault[]
  readonly commands: readonly ScenarioCommand[]
  readonly expect: readonly Expectation[]
  readonly agree: readonly Agreement[]
}

const DEFAULT_PROFILE = 'h100-8b'

/** Checks form, then names. Collects every problem before it throws. */
export function resolveScenario(input: unknown, source = 'scenario', locate?: (problem: Problem) => string): Scenario {
  const parsed = scenarioSchema.safeParse(input)
  if (!parsed.success) throw new BadScenario(source, problemsOf(input, parsed.error.issues), locate)
  const problems: Problem[] = []
  const peers = peersOf(parsed.data, problems)
  const faults = resolveFaults(parsed.data, peers, problems)
  const operators = new Set(peers.filter((peer) => peer.role === 'operator').map((peer) => peer.name))
  const commands = resolveCommands(parsed.data, operators, problems)
  const fidelity = fidelityOf(parsed.data, peers, problems)
  checkModels(parsed.data, peers, problems)
  checkLoad(parsed.data, problems)
  const expect = parsed.data.expect.map((text, index) => parseExpectation(text, ['expect', index], problems))
  const agree = parsed.data.agree.map((text, index) => parseAgreement(text, ['agree', index], problems))
  if (problems.length > 0) throw new BadScenario(source, problems, locate)
  const { fidelity: _written, ...file } = parsed.data
  return {
    ...file,
    peers,
    ...(fidelity === undefined ? {} : { fidelity }),
    faults,
    commands,
    expect: expect.filter((entry) => entry !== undefined),
    agree: agree.filter((entry) => entry !== undefined),
  }
}

function peersOf(file: ScenarioFile, problems: Problem[]): ScenarioPeer[] {
  return Object.entries(file.peers).flatMap(([group, entry]) => {
    const settings: {
      role?: Role | undefined
      count?: number | undefined
      profile?: string | undefined
      slots?: number | undefined
      routing?: ScenarioPeer['routing'] | undefined
      engine?: EngineSettings | undefined
      oblivious?: ObliviousGatewaySettings | undefined
      delay?: RelayDelay | undefined
      answerDelay?: number | undefined
    } = entry
    const role = settings.role ?? (roles.find((name) => name === group) as Role | undefined)
    if (role === undefined) {
      problems.push({ path: ['peers', group], expected: `a role, since ${group} is not one of ${roles.join(', ')}`, found: 'no role' })
      return []
    }
    const common = {
      group,
      role,
      profile: settings.profile ?? DEFAULT_PROFILE,
      slots: settings.slots ?? 64,
      routing: settings.routing ?? 'power-of-two',
      ...(settings.engine === undefined ? {} : { engine: settings.engine }),
      ...(settings.oblivious === undefined ? {} : { oblivious: settings.oblivious }),
      ...(settings.delay === undefined ? {} : { delay: settings.delay }),
      ...(settings.answerDelay === undefined ? {} : { answerDelay: settings.answerDelay }),
    }
    return Array.from({ length: settings.count ?? 1 }, (_, index) => ({ name: `${group}-${index}`, ...common }))
  })
}

function fidelityOf({ fidelity, ...file }: ScenarioFile, peers: readonly ScenarioPeer[], problems: Problem[]): Scenario['fidelity'] {
  if (fidelity === undefined) return undefined
  const roster = new Roster(file, peers)
  const named = fidelity.stack.flatMap((name, index) => roster.named([name], ['fidelity', 'stack', index], problems))
  return { stack: [...new Set(named)] }
}

const nearest = (names: Iterable<string>): string => {
  const all = [...names]
  return all.length > 12 ? `${all.slice(0, 12).join(', ')}, …` : all.join(', ')
}

function checkModels(file: ScenarioFile, peers: readonly ScenarioPeer[], problems: Problem[]): void {
  const operators = new Set(peers.filter((peer) => peer.role === 'operator').map((peer) => peer.name))
  const groups = new Set([...operators, ...peers.filter((peer) => peer.role === 'operator').map((peer) => peer.group)])
  const require = (path: (string | number)[], name: string, known: ReadonlySet<string> = operators): void => {
    if (!known.has(name)) problems.push({ path, expected: `an operator of this scenario (${nearest(known)})`, found: name })
  }
  for (const [name, model] of Object.entries(file.models)) {
    if (model.private !== undefined) {
      require(['models', name, 'private', 'owner'], model.private.owner)
      model.private.standbys.forEach((standby, index) => {
        require(['models', name, 'private', 'standbys', index], standby.peer)
      })
    }
    model.public?.operators.forEach((operator, index) => {
      require(['models', name, 'public', 'operators', index], operator, groups)
    })
  }
}

function checkLoad(file: ScenarioFile, problems: Problem[]): void {
  file.load.forEach((load, index) => {
    if (file.until !== undefined && load.from >= file.until)
      problems.push({ path: ['load', index, 'from'], expected: `a time before the end at ${file.until} ms`, found: `${load.from} ms` })
    if (!Object.hasOwn(file.models, load.model)) {
      problems.push({
        path: ['load', index, 'model'],
        expected: `a model of this scenario (${Object.keys(file.models).join(', ')})`,
        found: load.model,
      })
    }
  })
  if (
    file.load.length > 0 &&
    !Object.entries(file.peers).some(([group, entry]) => group === 'gateway' || ('role' in entry && entry.role === 'gateway'))
  ) {
    problems.push({ path: ['peers'], expected: 'at least one gateway, since there is load', found: 'none' })
  }
  checkOblivious(file, problems)
}

/** Sealed requests need someone to carry them, and blind tokens someone to sell them. */
function checkOblivious(file: ScenarioFile, problems: Problem[]): void {
  const has = (role: Role): boolean =>
    Object.entries(file.peers).some(([group, entry]) => ('role' in entry ? (entry.role ?? group) : group) === role)
  file.load.forEach((load, index) => {
    if (load.oblivious === undefined) return
    const path = ['load', index, 'oblivious']
    if (!has('relay')) problems.push({ path, expected: 'at least one relay among the peers', found: 'none' })
    if (load.oblivious.tokens !== undefined && !has('issuer')) {
      problems.push({ path: [...path, 'tokens'], expected: 'an issuer among the peers', found: 'none' })
    }
  })
}
