import type { PlantedBug } from './bug.ts'
import { billingOnceMore, forgetfulOperator, heedless } from './operator-parts.ts'

/** What the ledger is for, left out rule by rule. */
export const ledgerBugs: readonly PlantedBug[] = [
  {
    name: 'no-fencing',
    about: 'the log takes receipts of an epoch after the lease of a later one, and pays them',
    roles: [],
    waives: ['epochs-fence'],
    breaks: ['I5'],
  },
  {
    name: 'billed-again-on-retry',
    about: 'tokens that two operators made for one request are billed by both',
    roles: [],
    waives: ['tokens-are-billed-once'],
    breaks: ['I1'],
  },
  {
    name: 'two-receipts-one-number',
    about: 'an operator that lost its disk counts from old numbers again, and the ledger takes both receipts of a number',
    roles: ['operator'],
    waives: ['numbers-are-used-once'],
    breaks: ['I4'],
    besides: ['L2'],
    build: forgetfulOperator,
  },
  {
    name: 'a-price-of-its-own',
    about: 'an operator bills what it likes, and the ledger pays what a receipt says',
    roles: ['operator'],
    waives: ['price-is-the-manifests'],
    breaks: ['I3'],
    build: billingOnceMore,
  },
  {
    name: 'delegation-checked-at-grant-only',
    about: 'a standby that holds the lease does not heed its revocation, and the ledger pays what it signs after it',
    roles: ['operator'],
    waives: ['revocations-count'],
    breaks: ['I15'],
    ground: 'hunting-leases',
    build: heedless,
  },
  {
    name: 'void-and-paid',
    about: 'a receipt that an audit voids is paid all the same',
    roles: [],
    waives: ['void-is-refunded'],
    breaks: ['I4'],
  },
  {
    name: 'settled-again',
    about: 'when agreement took more than one round, nobody is sure that the batch went through, and it is settled again',
    roles: [],
    waives: ['leaves-are-settled-once'],
    breaks: ['I1', 'I2'],
  },
  {
    name: 'pay-rounded-up',
    about: 'operators are paid in tens, rounded up, and nobody pays the difference',
    roles: [],
    waives: ['pay-is-exact'],
    breaks: ['I2'],
  },
  {
    name: 'half-is-enough',
    about: 'two of four settlers decide',
    roles: [],
    waives: ['two-thirds-decide'],
    breaks: ['I1', 'I2', 'I9', 'I12'],
  },
]
