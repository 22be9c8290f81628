import type { Cryptography } from '@infermesh/kernel'
import { nodeCryptography } from '@infermesh/protocol/node'
import type { Scenario } from '@infermesh/scenario'
import type { NetworkPlan } from './network-plan.ts'
import { sharedCryptography } from './shared-cryptography.ts'
import { sizedCryptography } from './sized-cryptography.ts'

/** What all peers of one virtual world sign and verify with. Equal plans give equal signatures, wherever they are made. */
export const worldCryptography = ({ crypto }: Pick<Scenario, 'crypto'>, { runSeed }: Pick<NetworkPlan, 'runSeed'>): Cryptography =>
  sharedCryptography(crypto === 'sized' ? sizedCryptography(runSeed) : nodeCryptography)
