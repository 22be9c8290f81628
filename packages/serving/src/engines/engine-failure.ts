/** Why a model could not be loaded or run, in a code that travels and words that say what was expected and what was found. */
export class EngineFailure extends Error {
  override readonly name = 'EngineFailure'
  readonly code: 'hash-mismatch' | 'bad-model' | 'bad-input' | 'upstream-lost'

  constructor(code: EngineFailure['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
