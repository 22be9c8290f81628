import type { ComponentLogger, Logger } from '@libp2p/interface'

/** Says nothing. Libp2p makes a logger for each connection and stream, and asks each time whether it writes to a terminal. */
export const quietLogger: ComponentLogger = { forComponent: () => silent }

const ignore = () => undefined
const silent: Logger = Object.assign(ignore.bind(undefined), {
  error: ignore,
  trace: ignore,
  newScope: (): Logger => silent,
  enabled: false,
})
