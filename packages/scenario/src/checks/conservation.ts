import { type CheckFactory, checkOver } from './check.ts'

export const conservation: CheckFactory = ({ directory }) => {
  const genesis = directory.genesis.members.reduce((sum, member) => sum + member.balance, 0)
  return checkOver(['balances'], {
    name: 'I2',
    title: 'money is conserved and escrow is never negative',
    observe({ event, peer }) {
      if (event.total !== genesis) return `${peer} counts ${event.total} coins at height ${event.height}, the genesis has ${genesis}`
      return event.escrow < 0 ? `${peer} holds ${event.escrow} coins in escrow at height ${event.height}` : undefined
    },
  })
}
