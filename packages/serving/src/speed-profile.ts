/** What a simple engine without KV memory costs: enough for peers that only need plausible times. */
export interface SpeedProfile {
  readonly prefillTokensPerSecond: number
  /** Milliseconds for each token of each running request; may be a fraction, the caller rounds the sum. */
  readonly decodeMsPerToken: number
  /** Requests served at the same time. */
  readonly slots: number
  /** Weights read from a local disk. */
  readonly loadBytesPerSecond: number
}

const nvmeBytesPerSecond = 7e9

/**
 * An 8-billion-parameter Llama on one GPU. Prefill is a 2,048-token chunk with its attention, decode a step with all slots busy:
 * vLLM 0.19 profile (RTX 4090), Vidur (A100-80), LLMServingSim (H100); prompts near 2,000 tokens.
 */
export const speedProfiles: Readonly<Record<'h100-8b' | 'a100-8b' | 'rtx4090-8b', SpeedProfile>> = {
  'h100-8b': { prefillTokensPerSecond: 40_000, decodeMsPerToken: 7, slots: 128, loadBytesPerSecond: nvmeBytesPerSecond },
  'a100-8b': { prefillTokensPerSecond: 13_000, decodeMsPerToken: 12, slots: 64, loadBytesPerSecond: nvmeBytesPerSecond },
  'rtx4090-8b': { prefillTokensPerSecond: 10_300, decodeMsPerToken: 17.5, slots: 32, loadBytesPerSecond: nvmeBytesPerSecond },
}
