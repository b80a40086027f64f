import { invariant } from '../errors.ts';
import type { ChoiceOutcome } from './choice-outcome.ts';
import { type CompletionLogprobs, CompletionLogprobsBuilder, concatLogprobs } from './completion-logprobs.ts';
import type { GenerationPlan, PlannedPrompt } from './generation-plan.ts';
import { promptLogprobs } from './prompt-logprobs.ts';
import { UsageTally } from './usage.ts';

/** The `text_completion` object of a request that did not stream. @param outcomes one per choice, prompt-major */
export function completionResponse(plan: GenerationPlan, outcomes: readonly ChoiceOutcome[]): object {
  const tally = new UsageTally(plan);
  const choices = outcomes.map((outcome, index) => {
    tally.start(index, outcome.start);
    tally.finish(index, outcome.finish);
    const prompt = plan.prompts[Math.floor(index / plan.n)];
    invariant(prompt !== undefined, 'more choices than prompts times n');
    const scored = plan.requests[index]?.promptLogprobs == null ? null : outcome.start.promptLogprobs;
    return {
      index,
      text: (plan.echo ? prompt.text : '') + outcome.text,
      logprobs: plan.logprobs === null ? null : choiceLogprobs(plan, prompt, outcome),
      finish_reason: outcome.finish.reason,
      stop_reason: outcome.finish.stopReason,
      ...(plan.promptLogprobs !== null && scored !== null
        ? { prompt_logprobs: promptLogprobs(plan, scored, plan.promptLogprobs) }
        : {}),
      ...(plan.returnTokenIds ? { prompt_token_ids: prompt.tokenIds, token_ids: outcome.tokenIds } : {}),
    };
  });
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

function choiceLogprobs(plan: GenerationPlan, prompt: PlannedPrompt, outcome: ChoiceOutcome): CompletionLogprobs {
  const builder = new CompletionLogprobsBuilder(plan);
  const echoed = plan.echo ? builder.echo(prompt.tokenIds, outcome.start.promptLogprobs ?? [], prompt.text) : null;
  const output = builder.output(outcome.tokenIds, outcome.logprobs);
  return echoed === null ? output : concatLogprobs([echoed, output]);
}
