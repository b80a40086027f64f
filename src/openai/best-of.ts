import type { ChoiceOutcome } from './choice-outcome.ts';

/**
 * OpenAI's best_of: the `count` outputs with the highest log-probability per token, the best first.
 * @param outcomes of one prompt, with log-probabilities
 */
export function bestOutcomes(outcomes: readonly ChoiceOutcome[], count: number): ChoiceOutcome[] {
  return outcomes
    .map((outcome) => ({ outcome, score: meanLogprob(outcome) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ outcome }) => outcome);
}

function meanLogprob({ logprobs }: ChoiceOutcome): number {
  return logprobs.reduce((sum, { logprob }) => sum + logprob, 0) / Math.max(logprobs.length, 1);
}
