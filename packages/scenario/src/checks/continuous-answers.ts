import { type CheckFactory, checkOver } from './check.ts'

export const continuousAnswers: CheckFactory = () => {
  const received = new Map<string, number>()
  return checkOver(['requestEnded', 'answerRefused', 'tokensReceived'], {
    name: 'I13',
    title: 'a client gets each token once and in order, whoever goes on with the answer',
    observe({ event, peer }) {
      if (event.type === 'requestEnded') {
        const count = received.get(event.requestId) ?? 0
        received.delete(event.requestId)
        return event.tokens === count
          ? undefined
          : `${peer} counts ${event.tokens} tokens of request ${event.requestId}, it was given ${count}`
      }
      // What a client refuses it has not been given: it gets those tokens anew.
      if (event.type === 'answerRefused') received.set(event.requestId, event.from)
      if (event.type !== 'tokensReceived') return undefined
      const before = received.get(event.requestId) ?? 0
      received.set(event.requestId, event.to)
      return event.from === before
        ? undefined
        : `${peer} was given token ${event.from} of request ${event.requestId} after ${before} tokens`
    },
  })
}
