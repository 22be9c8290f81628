export { readFault, readPeerSetting } from './read-change.ts'
export { type ReadOptions, readScenario } from './read-scenario.ts'
