import { chatLogprobs } from './chat-logprobs.ts';
import { chatMessage } from './chat-message.ts';
import type { ChoiceOutcome } from './choice-outcome.ts';
import type { GenerationPlan } from './generation-plan.ts';
import { promptLogprobs } from './prompt-logprobs.ts';
import { chatFinishReason, readAnswer } from './read-answer.ts';
import { UsageTally } from './usage.ts';

/** The `chat.completion` object of a request that did not stream. @param outcomes one per choice, in order */
export function chatResponse(plan: GenerationPlan, outcomes: readonly ChoiceOutcome[]): object {
  const tally = new UsageTally(plan);
  const choices = outcomes.map((outcome, index) => {
    tally.start(index, outcome.start);
    tally.read(index, outcome.tokenIds);
    tally.finish(index, outcome.finish);
    const answer = readAnswer(plan.answer, outcome.text);
    return {
      index,
      message: chatMessage(answer, plan.answer, plan.echo ? (plan.prompts[0]?.text ?? '') : ''),
      logprobs: plan.logprobs === null ? null : chatLogprobs(plan, outcome.logprobs),
      finish_reason: chatFinishReason(plan.answer, outcome.finish.reason, answer.calls.length),
      stop_reason: outcome.finish.stopReason,
      ...(plan.returnTokenIds ? { token_ids: outcome.tokenIds } : {}),
    };
  });
  const scored = outcomes[0]?.start.promptLogprobs ?? null;
  return {
    id: plan.id,
    object: 'chat.completion',
    created: plan.created,
    model: plan.model,
    system_fingerprint: plan.fingerprint,
    choices,
    usage: tally.toUsage(),
    ...(plan.promptLogprobs !== null && scored !== null
      ? { prompt_logprobs: promptLogprobs(plan, scored, plan.promptLogprobs) }
      : {}),
    ...(plan.returnTokenIds ? { prompt_token_ids: plan.prompts[0]?.tokenIds ?? [] } : {}),
    ...(plan.promptText === null ? {} : { prompt_text: plan.promptText }),
  };
}
