import type { GenerateRequest } from '../engine/generate-request.ts';
import type { AnswerStyle } from './answer-reader.ts';
import type { BeamPlan } from './beam-plan.ts';
import type { TextCodec } from './served-model.ts';

/** One prompt of a request, ready for the engine. */
export interface PlannedPrompt {
  readonly tokenIds: readonly number[];
  /** What `echo` repeats before the output. */
  readonly text: string;
}

/** How a stream was asked for. */
export interface StreamPlan {
  readonly includeUsage: boolean;
  /** A running usage in every chunk. */
  readonly continuousUsage: boolean;
  /** Tokens per chunk, at least 1. */
  readonly interval: number;
  /** Chunks carry random text that levels their sizes. */
  readonly obfuscate: boolean;
}

/** A checked request: what the engine runs, and how the answer is to be rendered. */
export interface GenerationPlan {
  /** `chatcmpl-…`, `cmpl-…`, `resp-…` or `msg-…`. */
  readonly id: string;
  /** Unix seconds; the same in every chunk. */
  readonly created: number;
  /** The canonical name. */
  readonly model: string;
  readonly fingerprint: string;
  readonly text: TextCodec;
  readonly prompts: readonly PlannedPrompt[];
  /** Outputs per prompt that are generated. */
  readonly n: number;
  /** Prompt-major, [prompts * n]: request p * n + j becomes the choice of that index. */
  readonly requests: readonly GenerateRequest[];
  /** Null: one JSON answer. */
  readonly stream: StreamPlan | null;
  /** Not null: outputs are found by beam search of width `n`; the requests hold its prompts and limits. */
  readonly beam: BeamPlan | null;
  /** Of the `n` outputs of a prompt, so many are answered, the likeliest per token; null = all. */
  readonly numBest: number | null;
  /** Alternatives per output token; null = no log-probabilities. */
  readonly logprobs: number | null;
  /** Alternatives per prompt token in `prompt_logprobs`; null = field absent. */
  readonly promptLogprobs: number | null;
  readonly echo: boolean;
  /** The rendered conversation, where the answer is to show it; else null. */
  readonly promptText: string | null;
  readonly returnTokenIds: boolean;
  /** Log-probabilities name tokens as `token_id:N` (vLLM's return_tokens_as_token_ids), which keeps equal texts apart. */
  readonly tokensAsIds: boolean;
  readonly skipSpecialTokens: boolean;
  /** Whether the answer tells llama.cpp's `timings`: at its end, or in every chunk of its stream. */
  readonly timings: 'end' | 'chunks' | null;
  /** How the text of a chat answer is taken apart. */
  readonly answer: AnswerStyle;
}

/** How log-probabilities name a token. */
export function tokenName(plan: Pick<GenerationPlan, 'text' | 'tokensAsIds'>, tokenId: number): string {
  return plan.tokensAsIds ? `token_id:${tokenId}` : plan.text.tokenText(tokenId);
}
