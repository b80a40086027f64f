import type { StartEvent } from '../engine/engine.ts';
import { bestOutcomes } from './best-of.ts';
import type { ChoiceOutcome } from './choice-outcome.ts';
import { type CompletionLogprobs, CompletionLogprobsBuilder, concatLogprobs } from './completion-logprobs.ts';
import type { GenerationPlan, PlannedPrompt } from './generation-plan.ts';
import { promptLogprobs } from './prompt-logprobs.ts';
import { UsageTally } from './usage.ts';

/** The `text_completion` object of a request that did not stream. @param outcomes one per choice, prompt-major */
export function completionResponse(plan: GenerationPlan, outcomes: readonly ChoiceOutcome[]): object {
  const tally = new UsageTally(plan);
  for (const [index, outcome] of outcomes.entries()) {
    tally.start(index, outcome.start);
    tally.finish(index, outcome.finish);
  }
  const choices = answered(plan, outcomes).map(({ outcome, prompt, scored }, index) => ({
    index,
    text: (plan.echo ? prompt.text : '') + outcome.text,
    logprobs: plan.logprobs === null ? null : choiceLogprobs(plan, prompt, outcome),
    finish_reason: outcome.finish.reason,
    stop_reason: outcome.finish.stopReason,
    ...(plan.promptLogprobs !== null && scored !== null
      ? { prompt_logprobs: promptLogprobs(plan, scored, plan.promptLogprobs) }
      : {}),
    ...(plan.returnTokenIds ? { prompt_token_ids: prompt.tokenIds, token_ids: outcome.tokenIds } : {}),
  }));
  return {
    id: plan.id,
    object: 'text_completion',
    created: plan.created,
    model: plan.model,
    system_fingerprint: plan.fingerprint,
    choices,
    usage: tally.toUsage(),
  };
}

interface AnsweredChoice {
  readonly outcome: ChoiceOutcome;
  readonly prompt: PlannedPrompt;
  /** Log-probabilities of the prompt, where this choice is to show them. */
  readonly scored: StartEvent['promptLogprobs'];
}

/** The choices to answer with, prompt-major: all, or the best of each prompt. */
function answered(plan: GenerationPlan, outcomes: readonly ChoiceOutcome[]): AnsweredChoice[] {
  return plan.prompts.flatMap((prompt, p) => {
    const own = outcomes.slice(p * plan.n, (p + 1) * plan.n);
    const kept = plan.numBest === null ? own : bestOutcomes(own, plan.numBest);
    return kept.map((outcome, j) => {
      const isScored = plan.requests[p * plan.n + j]?.promptLogprobs != null;
      // Without echo only the first request of a prompt scores it.
      return { outcome, prompt, scored: isScored ? (own[j]?.start.promptLogprobs ?? null) : null };
    });
  });
}

function choiceLogprobs(plan: GenerationPlan, prompt: PlannedPrompt, outcome: ChoiceOutcome): CompletionLogprobs {
  const builder = new CompletionLogprobsBuilder(plan);
  const echoed = plan.echo ? builder.echo(prompt.tokenIds, outcome.start.promptLogprobs ?? [], prompt.text) : null;
  const output = builder.output(outcome.tokenIds, outcome.logprobs);
  return echoed === null ? output : concatLogprobs([echoed, output]);
}
