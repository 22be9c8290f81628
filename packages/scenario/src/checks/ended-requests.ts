import type { Millis } from '@infermesh/kernel'
import { type CheckFactory, checkOver } from './check.ts'

const DEADLINE_DEFAULT: Millis = 60_000

export const endedRequests: CheckFactory = ({ grace }) => {
  const open = new Map<string, { readonly client: string; readonly by: Millis }>()
  return checkOver(['requestSent', 'requestEnded'], {
    name: 'L1',
    title: 'every request ends by its deadline',
    observe({ event, at, peer }) {
      if (event.type === 'requestSent' && event.attempt === 1)
        open.set(event.requestId, { client: peer, by: at + (event.deadlineMs ?? DEADLINE_DEFAULT) + grace })
      if (event.type !== 'requestEnded') return undefined
      const request = open.get(event.requestId)
      open.delete(event.requestId)
      return request !== undefined && at > request.by
        ? `request ${event.requestId} of ${request.client} ended ${at - request.by} ms too late`
        : undefined
    },
    conclude(end) {
      const [late] = [...open].filter(([, request]) => end > request.by)
      return late === undefined ? undefined : `request ${late[0]} of ${late[1].client} has no end`
    },
  })
}
