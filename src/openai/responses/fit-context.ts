import { ApiError } from '../../errors.ts';
import type { GenerationPlan } from '../generation-plan.ts';
import type { ModelRegistry } from '../model-registry.ts';
import { type ChatJob, planChat } from '../plan-chat.ts';

/** Of the context, at most this share is kept free for the answer. */
const MAX_ANSWER_SHARE = 0.25;

/**
 * `truncation: "auto"`: plans the conversation without as many of its oldest turns as it takes to leave room for
 * max_output_tokens (a quarter of the context where that is less or none was asked for). Instructions and system
 * messages at the beginning stay, and so do calls whose results stay.
 * @throws ApiError 400 context_length_exceeded when not even the last turn fits, and what planChat throws
 */
export async function planWithinContext(job: ChatJob, registry: ModelRegistry): Promise<GenerationPlan> {
  const { turns } = job;
  const { maxModelLen } = job.model.engine.limits;
  const quarter = Math.floor(maxModelLen * MAX_ANSWER_SHARE);
  const longest = maxModelLen - Math.min(job.maxTokens ?? quarter, quarter);
  const numLeading = turns.findIndex((turn) => turn.role !== 'system');
  if (numLeading < 0) return await planChat(job, registry);
  const leading = turns.slice(0, numLeading);
  const cuts = turns.flatMap((turn, index) => (index > numLeading && turn.role !== 'tool' ? [index] : []));
  const starts = [numLeading, ...cuts];

  const planFrom = async (start: number): Promise<GenerationPlan> =>
    await planChat({ ...job, turns: [...leading, ...turns.slice(start)] }, registry);
  const fitting = async (start: number): Promise<GenerationPlan | null> => {
    try {
      const plan = await planFrom(start);
      return (plan.prompts[0]?.tokenIds.length ?? 0) <= longest ? plan : null;
    } catch (error) {
      if (error instanceof ApiError && error.code === 'context_length_exceeded') return null;
      throw error;
    }
  };

  const whole = await fitting(numLeading);
  if (whole !== null) return whole;
  let best: GenerationPlan | null = null;
  // starts[low] is known to be too early, starts[high] to be late enough (or the end of the list).
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const plan = await fitting(starts[middle] ?? numLeading);
    if (plan === null) low = middle;
    else [best, high] = [plan, middle];
  }
  return best ?? (await planFrom(starts.at(-1) ?? numLeading));
}
