/** Every lie that a peer can be made to tell, with what it does. */
export const lieDescriptions = {
  'lazy-operator': 'answers with made-up tokens and signs receipts for them',
  'model-swap': 'answers with another, cheaper model',
  'quantised-model': 'answers with the right model, but a share of the tokens drifts',
  'tampering-operator': 'changes tokens after they were made, so that they differ from their receipt',
  'tampering-gateway': 'changes tokens on their way to the client',
  'request-tampering': 'a gateway changes the prompt on its way to the operator',
  replay: 'publishes its old statements again and again',
  'double-receipt': 'signs two receipts with one sequence number, and publishes both',
  'withheld-receipts': 'serves, and never publishes a receipt',
  'delayed-receipts': 'publishes each receipt late',
  'overcharging-operator': 'puts a higher amount in its receipts than the price says',
  spam: 'publishes statements that nobody may accept',
  sybils: 'publishes under made-up identities',
  'lazy-verifier': 'says match without looking',
  'copying-verifier': 'waits for the verdicts of others and says the same',
  'colluding-verifier': 'says match for the operators it protects, and the truth otherwise',
  'false-accuser': 'says mismatch of honest work',
  'silent-verifier': 'is drawn and never answers',
  'withheld-reveals': 'commits to verdicts and never reveals them',
  'censoring-settler': 'leaves the receipts of its victims out of its blocks, for the whole run',
  'equivocating-settler': 'votes for two blocks at one height',
  'silent-settler': 'neither proposes nor votes',
  'replaying-relay': 'carries each sealed request to its gateway twice',
  'key-swapping-relay': 'tells clients of keys of its own in place of the gateways’',
  'double-depositing-gateway': 'brings the blind tokens that it earned to the issuer twice',
  eclipse: 'surrounds the victim: its gossip passes through the liars only, and they pass nothing on',
} as const

export type LieKind = keyof typeof lieDescriptions
export const lieKinds = Object.keys(lieDescriptions) as readonly LieKind[]
