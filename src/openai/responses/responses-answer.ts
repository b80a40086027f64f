import type { FinishEvent, StartEvent } from '../../engine/engine.ts';
import { invariant } from '../../errors.ts';
import type { ChoiceOutcome } from '../choice-outcome.ts';
import { ReasoningTokens } from '../reasoning-tokens.ts';
import { timingsOf } from '../timings.ts';
import { OutputWriter } from './output-writer.ts';
import type { ResponsesPlan } from './parse-responses.ts';
import type { OutputItem, ResponseObject } from './response-object.ts';
import { tokenPieces } from './token-pieces.ts';

/** The `response` object of a request that did not stream. */
export function responsesAnswer(plan: ResponsesPlan, outcomes: readonly ChoiceOutcome[]): ResponseObject {
  const [outcome] = outcomes;
  invariant(outcome !== undefined, 'a response without an outcome');
  const writer = new OutputWriter(plan);
  const isPlain = !plan.answer.hasTools && plan.answer.reasoning === null;
  if (isPlain || plan.logprobs === null) {
    writer.push(outcome.text, outcome.logprobs);
  } else {
    // Token by token: those of calls and of reasoning have no log-probabilities in the answer.
    for (const [index, piece] of tokenPieces(plan, outcome).entries()) {
      writer.push(piece, outcome.logprobs.slice(index, index + 1));
    }
  }
  writer.end(outcome.finish.reason === 'length');
  const reasoning = new ReasoningTokens(plan.text, plan.answer.reasoning);
  reasoning.push(outcome.tokenIds);
  return endedResponse(plan, writer.output, { ...outcome, numReasoningTokens: reasoning.count });
}

/** How the generation of a response went. */
export interface EndedGeneration {
  readonly start: StartEvent;
  readonly finish: FinishEvent;
  readonly numReasoningTokens: number;
}

/** A response that came to its end, at the end token or at a limit. */
export function endedResponse(
  plan: ResponsesPlan,
  output: readonly OutputItem[],
  { start, finish, numReasoningTokens }: EndedGeneration,
): ResponseObject {
  const isCut = finish.reason === 'length';
  const numTokens = finish.numCompletionTokens;
  return {
    ...plan.settings,
    status: isCut ? 'incomplete' : 'completed',
    completed_at: isCut ? null : Math.floor(Date.now() / 1000),
    error: null,
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    output,
    usage: {
      input_tokens: start.numPromptTokens,
      input_tokens_details: { cached_tokens: start.numCachedTokens, cache_write_tokens: 0 },
      output_tokens: numTokens,
      output_tokens_details: { reasoning_tokens: numReasoningTokens },
      total_tokens: start.numPromptTokens + numTokens,
    },
    ...(plan.timings === null ? {} : { timings: timingsOf(start, numTokens) }),
  };
}
