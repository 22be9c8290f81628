import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'

/** Anything with a fetch handler: a hono app, or several of them routed together. */
export interface FetchApp {
  readonly fetch: (request: Request) => Response | Promise<Response>
}

export interface RunningServer {
  readonly port: number
  /** `http://127.0.0.1:<port>`. */
  readonly url: string
  /** Ends open answers as well. */
  close(): Promise<void>
}

/** Serves an app on 127.0.0.1. Port 0 takes any free one. */
export async function serve(app: FetchApp, port: number): Promise<RunningServer> {
  const server = createAdaptorServer({ fetch: (request) => app.fetch(request), createServer, overrideGlobalObjects: false })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, port)))
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  const taken = isInternet(address) ? address.port : port
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      if ('closeAllConnections' in server) server.closeAllConnections()
    })
  return { port: taken, url: `http://127.0.0.1:${taken}`, close }
}

function listenError(error: Error, port: number): Error {
  const code = 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return new Error(`expected port ${port} on 127.0.0.1 to be free, but another program listens there: end it, or choose another port`, {
      cause: error,
    })
  }
  if (code === 'EACCES') {
    return new Error(`port ${port} is reserved for the system's own services: choose one from 1024 up`, { cause: error })
  }
  return error
}

function isInternet(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}
