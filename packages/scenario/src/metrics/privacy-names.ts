const rates = (attack: string, what: string): Readonly<Record<string, string>> => ({
  [`privacy.${attack}.success_rate`]: `how often ${what}`,
  [`privacy.${attack}.blind_rate`]: 'how often a guess without looking is right there',
})

const bits = (attack: string): Readonly<Record<string, string>> => ({
  [`privacy.${attack}.bits.min`]: 'bits that are left unknown there, for the most exposed request',
  [`privacy.${attack}.bits.p5`]: 'the same, for the 5th percentile',
})

const habit = (attack: string, how: string): Readonly<Record<string, string>> => ({
  ...rates(`links_settlement.${attack}`, `a watcher of links that reads the log finds whom a client writes to, ${how}`),
  ...bits(`links_settlement.${attack}`),
  [`privacy.links_settlement.${attack}.auc`]: 'the same as a question of yes or no: area under the ROC curve',
})

/** What observers of sealed requests learn, and what it costs to keep it from them; of runs that have such requests. */
export const privacyDescriptions: Readonly<Record<string, string>> = {
  ...rates('relay.sender', 'a relay knows who asks'),
  ...rates('relay.gateway', 'a relay knows which gateway is asked'),
  ...rates('relay.traffic_class', 'a relay tells the model from sizes, times and price'),
  'privacy.relay.traffic_class.auc': 'the same as a question of yes or no: area under the ROC curve',
  ...rates('relay.prompt_length', "a relay tells a prompt's length within 5 %"),
  ...rates('relay.answer_length', "a relay tells an answer's length within 5 %"),
  ...rates('relay.spend', 'a relay tells what a request cost within 5 %'),
  ...rates('relay.chunk_sizes', 'a relay tells how much a piece of an answer says'),
  ...bits('relay.chunk_sizes'),
  ...rates('gateway.sender', 'a gateway guesses who asked'),
  ...rates('gateway.prompt', 'a gateway knows what was asked'),
  ...rates('gateway.model', 'a gateway knows which model was asked'),
  ...rates('operator.sender', 'an operator guesses who asked'),
  ...rates('operator.prompt', 'an operator knows what was asked'),
  ...rates('operator.model', 'an operator knows which model was asked'),
  ...rates('links.timing', 'a watcher of all links finds the sender by the way in'),
  ...bits('links.timing'),
  ...rates('links.blending', 'a watcher that knows what a relay holds, by flooding or blocking it, finds the sender'),
  ...bits('links.blending'),
  ...rates('links.round_trip', 'a watcher of all links finds the sender by the way in and the way back'),
  ...bits('links.round_trip'),
  ...rates('settlement.dictionary', 'a reader of the log finds the prompt behind its hash'),
  ...rates('settlement.answer_dictionary', 'a reader of the log finds the answer behind its hash'),
  ...rates('settlement.payer', 'a reader of the log finds the client as the payer'),
  ...rates('settlement.model', 'a reader of the log knows the model'),
  ...rates('settlement.answer_length', "a reader of the log knows the answer's length"),
  ...rates('settlement.gateway', 'a reader of the log knows the gateway'),
  ...habit('statistical_disclosure', 'by the shares of many rounds'),
  ...habit('intersection', 'by what was there in every round'),
  ...habit('hitting_set', 'by the least set that meets every round'),
  ...rates('gateway_issuer.purchases', 'a gateway and the issuer together guess who asked'),
  ...rates('relay_settlement.start_time', 'a relay that reads the log finds the receipt of a request'),
  ...rates('relay_gateway.sender_and_prompt', 'a relay and a gateway together know who asked what'),
  'privacy.relay.held': 'sealed requests held at relays at a time, on average',
  'privacy.cost.requests': 'sealed requests that were answered',
  'privacy.cost.ttft_ms_p50': 'from asking to the first token, median of sealed requests',
  'privacy.cost.ttft_ms_p95': 'the same, 95th percentile',
  'privacy.cost.total_ms_p50': 'from asking to the end, median of sealed requests',
  'privacy.cost.total_ms_p95': 'the same, 95th percentile',
  'privacy.cost.bytes_per_request': 'sealed bytes both ways for each answered request, cover included',
  'privacy.cost.bytes_ratio': 'those over what the same messages weigh unpadded',
  'privacy.cost.seals_per_request': 'seals made for each answered request',
  'privacy.cost.signatures_per_request': 'blind signatures for each answered request',
  'privacy.cost.charged_per_request': 'coins that operators charged for each answered request',
  'privacy.cost.paid_per_request': 'coins that clients gave for each answered request',
}
