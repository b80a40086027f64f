import type { FinishEvent, Generation, StartEvent } from '../engine/engine.ts';
import { invariant } from '../errors.ts';
import type { TokenLogprobs } from '../sampling/sampling-params.ts';

/** Everything that one generation brought. */
export interface ChoiceOutcome {
  readonly start: StartEvent;
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** One per token id; empty when not asked for. */
  readonly logprobs: readonly TokenLogprobs[];
  readonly finish: FinishEvent;
}

/**
 * Reads a generation to its end.
 * @throws what the generation throws
 */
export async function collectChoice(generation: Generation): Promise<ChoiceOutcome> {
  let start: StartEvent | undefined;
  let finish: FinishEvent | undefined;
  let text = '';
  const tokenIds: number[] = [];
  const logprobs: TokenLogprobs[] = [];
  for await (const event of generation) {
    if (event.type === 'start') {
      start = event;
    } else if (event.type === 'finish') {
      finish = event;
    } else {
      text += event.text;
      for (const id of event.tokenIds) tokenIds.push(id);
      if (event.logprobs !== null) for (const entry of event.logprobs) logprobs.push(entry);
    }
  }
  invariant(start !== undefined && finish !== undefined, 'a generation ended without its start or finish event');
  return { start, text, tokenIds, logprobs, finish };
}
