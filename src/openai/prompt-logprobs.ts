import type { TokenLogprobs } from '../sampling/sampling-params.ts';
import { finiteLogprob } from './chat-logprobs.ts';
import { type GenerationPlan, tokenName } from './generation-plan.ts';

interface PromptLogprob {
  readonly logprob: number;
  /** 1 = the likeliest. */
  readonly rank: number;
  readonly decoded_token: string;
}

/** vLLM's form: per prompt token an object from token id to log-probability, null for the first token. */
export type PromptLogprobs = (Record<string, PromptLogprob> | null)[];

/** The prompt's own tokens and the `count` likeliest at each position. */
export function promptLogprobs(
  plan: GenerationPlan,
  entries: readonly (TokenLogprobs | null)[],
  count: number,
): PromptLogprobs {
  return entries.map((entry) => {
    if (entry === null) return null;
    const position: Record<string, PromptLogprob> = {};
    const add = (tokenId: number, logprob: number, rank: number): void => {
      position[tokenId] = { logprob: finiteLogprob(logprob), rank, decoded_token: tokenName(plan, tokenId) };
    };
    for (const [index, top] of entry.top.slice(0, count).entries()) add(top.tokenId, top.logprob, index + 1);
    add(entry.tokenId, entry.logprob, entry.rank);
    return position;
  });
}
