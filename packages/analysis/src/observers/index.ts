export { type ReadReceipt, type ReceiptSighting, settlementSightings } from './settlement.ts'
export {
  type FlowSighting,
  flowSightings,
  type GatewaySighting,
  gatewaySightings,
  type OperatorSighting,
  operatorSightings,
  type Packet,
  type RelaySighting,
  relaySightings,
  type SaleSighting,
  type Sightings,
  saleSightings,
} from './sightings.ts'
export { type Truth, truthOf } from './truth.ts'
