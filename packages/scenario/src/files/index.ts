export { type ReadOptions, readScenario } from './read-scenario.ts'
