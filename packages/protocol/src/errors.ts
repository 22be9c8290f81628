/** What a client or a peer may conclude from an error. `definite`: the work certainly was not done, so a retry can't do it twice. */
export interface ErrorEntry {
  readonly definite: boolean
  /** HTTP status and OpenAI error type at the front door. */
  readonly status: number
  readonly openAiType: string
  readonly meaning: string
  readonly whatToDo: string
}

/** Every code that a `Refused` message, a failed request or an HTTP error may carry. The docs page is generated from it. */
export const errors = {
  'bad-request': {
    definite: true,
    status: 400,
    openAiType: 'invalid_request_error',
    meaning: 'The request does not decode, is not signed by its client, or breaks a limit.',
    whatToDo: 'Mend the request; sending it again gives the same answer.',
  },
  'unknown-model': {
    definite: true,
    status: 404,
    openAiType: 'invalid_request_error',
    meaning: 'No manifest for this model is known here.',
    whatToDo: 'Check the name against /v1/models; publish the model if it is yours.',
  },
  'owner-offline': {
    definite: true,
    status: 503,
    openAiType: 'service_unavailable',
    meaning: "The private model's node is offline and no delegated standby lives. The message names the node.",
    whatToDo: 'Wait for the owner, or ask it to delegate a standby. Nothing was charged.',
  },
  'no-operator': {
    definite: true,
    status: 503,
    openAiType: 'service_unavailable',
    meaning: 'No live operator serves this public model.',
    whatToDo: 'Try again later, or start another operator.',
  },
  overloaded: {
    definite: true,
    status: 429,
    openAiType: 'rate_limit_error',
    meaning: 'Every slot and queue place is taken.',
    whatToDo: 'Try again after the time given, or at another gateway.',
  },
  'not-serving': {
    definite: true,
    status: 503,
    openAiType: 'service_unavailable',
    meaning: 'The operator was asked for a model that it does not serve now.',
    whatToDo: 'The gateway goes to another operator.',
  },
  'stale-epoch': {
    definite: true,
    status: 503,
    openAiType: 'service_unavailable',
    meaning: 'The dispatch names a lease epoch that is not the current one.',
    whatToDo: 'The gateway learns the new lease and sends again.',
  },
  'not-authorized': {
    definite: true,
    status: 403,
    openAiType: 'permission_error',
    meaning: 'The asking peer has no right to this: wrong role, no delegation, no lease, no valid attestation.',
    whatToDo: 'Obtain the delegation, lease or attestation that the message names.',
  },
  'charge-above-max': {
    definite: true,
    status: 402,
    openAiType: 'invalid_request_error',
    meaning: 'The price of the longest allowed answer is above the maximum that the client signed.',
    whatToDo: 'Raise maxCharge, or ask for fewer tokens.',
  },
  'no-funds': {
    definite: true,
    status: 402,
    openAiType: 'insufficient_quota',
    meaning: "The client's balance does not cover the request.",
    whatToDo: 'Fund the account.',
  },
  'deadline-passed': {
    definite: false,
    status: 504,
    openAiType: 'timeout',
    meaning: 'The deadline passed before the answer was whole. Tokens that were delivered are charged, others not.',
    whatToDo: 'Ask again with a later deadline.',
  },
  'upstream-lost': {
    definite: false,
    status: 502,
    openAiType: 'server_error',
    meaning: 'The operator was lost, and every allowed attempt with it.',
    whatToDo: 'Ask again; tokens that were not receipted are not charged.',
  },
  'answer-tampered': {
    definite: false,
    status: 502,
    openAiType: 'server_error',
    meaning:
      'Tokens that came are not those that an operator signed a receipt for. The message names the peer that changed them or let it pass.',
    whatToDo: 'Use nothing that no receipt vouches for, and ask through another gateway. Nothing is charged twice.',
  },
  'prefix-mismatch': {
    definite: true,
    status: 502,
    openAiType: 'server_error',
    meaning: 'The tokens that an earlier attempt brought are not those that this model makes.',
    whatToDo: 'The gateway goes on after the last token that a receipt vouches for; if that fails too, the client starts anew.',
  },
  'lease-held': {
    definite: true,
    status: 503,
    openAiType: 'service_unavailable',
    meaning: 'Another node holds the lease of this private model, or may still believe that it does.',
    whatToDo: 'Ask the grantor again after the time given.',
  },
  'unknown-blob': {
    definite: true,
    status: 404,
    openAiType: 'invalid_request_error',
    meaning: 'The blob, receipt or entry is not kept here.',
    whatToDo: 'Ask another peer.',
  },
  'hash-mismatch': {
    definite: true,
    status: 422,
    openAiType: 'invalid_request_error',
    meaning: 'The bytes do not hash to the content id that was promised; nothing was kept.',
    whatToDo: 'Send the right bytes, or fetch them elsewhere.',
  },
  'prompt-too-long': {
    definite: true,
    status: 400,
    openAiType: 'invalid_request_error',
    meaning: 'The prompt and the longest answer do not fit this model on this node. The message has the numbers.',
    whatToDo: 'Shorten the prompt or the answer.',
  },
  'not-processed': {
    definite: true,
    status: 503,
    openAiType: 'service_unavailable',
    meaning: 'A relay or gateway could not take the sealed request on. Nothing of it was done.',
    whatToDo: 'Seal it anew and send it through another relay, or later.',
  },
  'unknown-key': {
    definite: true,
    status: 400,
    openAiType: 'invalid_request_error',
    meaning: 'The request is sealed to a key that this gateway does not hold, or no longer.',
    whatToDo: "Fetch the gateway's keys again and seal anew.",
  },
  'seal-broken': {
    definite: true,
    status: 422,
    openAiType: 'invalid_request_error',
    meaning: 'The sealed request does not open.',
    whatToDo: 'Seal it anew; if it happens again, choose another relay.',
  },
  'bad-date': {
    definite: true,
    status: 400,
    openAiType: 'invalid_request_error',
    meaning: "The sealed request's date is too far from the gateway's clock.",
    whatToDo: 'Check the clock; try once more, sealed anew.',
  },
  replayed: {
    definite: false,
    status: 409,
    openAiType: 'invalid_request_error',
    meaning: 'This very sealed request came before. This copy was not served.',
    whatToDo: 'Seal a new request.',
  },
  'payment-refused': {
    definite: true,
    status: 402,
    openAiType: 'insufficient_quota',
    meaning: 'The tokens in the sealed request are too few, spent, or not good here.',
    whatToDo: 'Buy tokens for this gateway and ask again.',
  },
  'unknown-command': {
    definite: true,
    status: 400,
    openAiType: 'invalid_request_error',
    meaning: 'The peer does not know this command, or its argument is wrong.',
    whatToDo: 'See the command line reference.',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>

export type ErrorCode = keyof typeof errors

export const errorEntry = (code: string): ErrorEntry => (Object.hasOwn(errors, code) ? errors[code as ErrorCode] : errors['upstream-lost'])
