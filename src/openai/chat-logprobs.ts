import type { TokenLogprobs } from '../sampling/sampling-params.ts';
import { type GenerationPlan, tokenName } from './generation-plan.ts';

/** JSON has no -Infinity; this is OpenAI's stand-in for "impossible". */
const LOWEST_LOGPROB = -9999;

/** A log-probability as JSON can carry it. */
export function finiteLogprob(logprob: number): number {
  return Math.max(logprob, LOWEST_LOGPROB);
}

interface ChatTokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: number[];
}

/** OpenAI's chat form. */
export interface ChatLogprobs {
  readonly content: (ChatTokenLogprob & { readonly top_logprobs: ChatTokenLogprob[] })[];
  readonly refusal: null;
}

/** Log-probabilities of output tokens with the plan's number of alternatives each. */
export function chatLogprobs(plan: GenerationPlan, entries: readonly TokenLogprobs[]): ChatLogprobs {
  const one = (tokenId: number, logprob: number): ChatTokenLogprob => ({
    token: tokenName(plan, tokenId),
    logprob: finiteLogprob(logprob),
    bytes: [...plan.text.tokenBytes(tokenId)],
  });
  return {
    content: entries.map((entry) => ({
      ...one(entry.tokenId, entry.logprob),
      top_logprobs: entry.top.slice(0, plan.logprobs ?? 0).map((top) => one(top.tokenId, top.logprob)),
    })),
    refusal: null,
  };
}
