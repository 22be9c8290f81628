/** What one engine step runs. Chunks are prompts in part or whole; everything else is one new token for each decoding sequence. */
export interface StepLoad {
  /** New tokens of all sequences. */
  tokens: number
  /** Sequences that end the step with a new token, and pay for the output head. */
  heads: number
  decodes: number
  /** Sum of the decoding sequences' contexts, in tokens. */
  decodeContext: number
  /** New tokens of each chunk, and the tokens cached before it. */
  readonly chunkTokens: number[]
  readonly chunkContext: number[]
}

/** Milliseconds that one step takes. */
export type StepTime = (load: StepLoad) => number

export const emptyLoad = (): StepLoad => ({ tokens: 0, heads: 0, decodes: 0, decodeContext: 0, chunkTokens: [], chunkContext: [] })

/** Values at rising positions; between them a straight line, beyond the last its slope goes on. */
export interface Knots {
  readonly at: readonly number[]
  readonly value: readonly number[]
}

export function interpolate({ at, value }: Knots, position: number): number {
  let right = 1
  while (right < at.length - 1 && (at[right] as number) < position) right++
  const left = right - 1
  const from = at[left] as number
  const share = (position - from) / ((at[right] as number) - from)
  const low = value[left] as number
  return low + Math.max(share, 0) * ((value[right] as number) - low)
}

/** Milliseconds to compute so many tokens after a context, alone, in steps as full as may be. */
export function prefillMs(
  engine: { readonly stepTime: StepTime; readonly stepTokensMax: number },
  tokens: number,
  context: number,
): number {
  let time = 0
  for (let done = 0; done < tokens; done += engine.stepTokensMax) {
    const chunk = Math.min(engine.stepTokensMax, tokens - done)
    time += engine.stepTime({ ...emptyLoad(), tokens: chunk, heads: 1, chunkTokens: [chunk], chunkContext: [context + done] })
  }
  return time
}
