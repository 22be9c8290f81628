import { fromHex } from '@infermesh/protocol'
import { verifyEvidence } from '@infermesh/protocol/ledger'
import { type CheckFactory, checkOver } from './check.ts'

/** Judged as a stranger would: the bytes and the genesis, no ledger and no log. */
export const provenSlashes: CheckFactory = ({ directory, crypto }) =>
  checkOver(['slashed'], {
    name: 'I7',
    title: 'every slash has evidence that proves it by its bytes alone',
    observe({ event }) {
      const finding = verifyEvidence(fromHex(event.evidence), directory, { networkId: directory.genesis.networkId, crypto })
      if (finding.proves && finding.accused === event.accused) return undefined
      const why = finding.proves ? `it proves a fault of ${directory.nameOf(finding.accused)}` : finding.reason
      return `${directory.nameOf(event.accused)} was slashed ${event.amount} at height ${event.height} on evidence that does not show it: ${why}`
    },
  })
