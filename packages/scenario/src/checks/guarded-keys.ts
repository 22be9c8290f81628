import type { CheckFactory } from './check.ts'

export const guardedKeys: CheckFactory = ({ directory }) => ({
  name: 'I10',
  title: "a private model's key is released only to attested, delegated and leased peers",
  observe({ event, peer }) {
    if (event.type !== 'keyReleased') return undefined
    const missing = (['attested', 'delegated', 'leased'] as const).filter((right) => !event[right])
    if (missing.length === 0) return undefined
    return `${peer} released the key of ${event.model} to ${directory.nameOf(event.to)}, which is not ${missing.join(', not ')}`
  },
})
