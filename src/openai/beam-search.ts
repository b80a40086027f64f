import type { Engine, EngineHold, StartEvent } from '../engine/engine.ts';
import { type GenerateRequest, toGenerateRequest } from '../engine/generate-request.ts';
import { invariant } from '../errors.ts';
import { GREEDY_SAMPLING, type TokenLogprobs } from '../sampling/sampling-params.ts';
import type { BeamPlan } from './beam-plan.ts';
import { type ChoiceOutcome, collectChoice } from './choice-outcome.ts';
import type { GenerationPlan } from './generation-plan.ts';

/** An output in the making. */
interface Beam {
  readonly tokenIds: readonly number[];
  readonly logprobs: readonly TokenLogprobs[];
  /** Sum of the tokens' log-probabilities. */
  readonly total: number;
  /** The last token is an end token. */
  readonly isEnded: boolean;
}

/**
 * Beam search as vLLM does it: each step the engine computes one position of every beam (the prefix cache holds the rest),
 * of the 2 * width likeliest continuations of each the end tokens complete an output and the best `width` others go on.
 * Prompts are searched one after the other.
 * @returns plan.n outcomes per prompt, the best first
 * @throws what the engine throws; the signal's reason when it aborts
 */
export async function beamSearch(
  engine: Engine,
  plan: GenerationPlan,
  beam: BeamPlan,
  signal: AbortSignal,
): Promise<ChoiceOutcome[]> {
  const outcomes: ChoiceOutcome[] = [];
  using steps = engine.hold();
  const search: Search = { steps, eosTokenIds: engine.limits.eosTokenIds, plan, beam, signal };
  for (let p = 0; p < plan.prompts.length; p++) {
    const template = plan.requests[p * plan.n];
    invariant(template !== undefined, 'a plan has requests for every prompt');
    outcomes.push(...(await searchPrompt(search, template)));
  }
  return outcomes;
}

interface Search {
  readonly steps: EngineHold;
  readonly eosTokenIds: readonly number[];
  readonly plan: GenerationPlan;
  readonly beam: BeamPlan;
  readonly signal: AbortSignal;
}

async function searchPrompt(
  { steps, eosTokenIds, plan, beam: { lengthPenalty }, signal }: Search,
  template: GenerateRequest,
): Promise<ChoiceOutcome[]> {
  const width = plan.n;
  const promptLength = template.promptTokenIds.length;
  const endTokenIds = new Set(template.sampling.ignoreEos ? [] : eosTokenIds);
  const score = (beam: Beam, length: number): number => beam.total / Math.max(length, 1) ** lengthPenalty;
  const finalScore = (beam: Beam): number => score(beam, promptLength + beam.tokenIds.length - Number(beam.isEnded));
  const byScore = (a: Beam, b: Beam): number => finalScore(b) - finalScore(a);
  /** What the outputs that begin with a beam can reach at most: its total can only fall, its length only grow. */
  const bestPossible = (beam: Beam): number =>
    Math.max(score(beam, promptLength + beam.tokenIds.length), score(beam, promptLength + template.maxTokens));

  let beams: Beam[] = [{ tokenIds: [], logprobs: [], total: 0, isEnded: false }];
  let ended: Beam[] = [];
  let start: StartEvent | null = null;
  for (let step = 0; step < template.maxTokens; step++) {
    signal.throwIfAborted();
    const requests = beams.map((beam, index) => stepRequest(template, beam, { step, index, width, plan }));
    const positions = await Promise.all(steps.submit(requests, signal).map(collectChoice));
    start ??= positions[0]?.start ?? null;
    const candidates = beams.flatMap((beam, index) => continuations(beam, positions[index]?.logprobs[0], endTokenIds));
    ended = [...ended, ...candidates.filter((beam) => beam.isEnded)].sort(byScore).slice(0, width);
    beams = candidates
      .filter((beam) => !beam.isEnded)
      .sort((a, b) => b.total - a.total)
      .slice(0, width);
    const worst = ended[width - 1];
    if (worst !== undefined && beams.every((beam) => bestPossible(beam) <= finalScore(worst))) beams = [];
    if (beams.length === 0) break;
  }
  invariant(start !== null, 'a search has at least one step');
  const best = [...ended, ...beams].sort(byScore).slice(0, width);
  const first = start;
  return best.map((beam) => toOutcome(beam, first, template, plan));
}

interface StepOptions {
  readonly step: number;
  readonly index: number;
  readonly width: number;
  readonly plan: GenerationPlan;
}

function stepRequest(template: GenerateRequest, beam: Beam, { step, index, width, plan }: StepOptions) {
  return toGenerateRequest({
    ...template,
    id: `${template.id}-${step}-${index}`,
    promptTokenIds: [...template.promptTokenIds, ...beam.tokenIds],
    maxTokens: 1,
    // The end token must not end the step: only its probability is wanted.
    sampling: { ...GREEDY_SAMPLING, ignoreEos: true, logprobs: Math.max(2 * width, plan.logprobs ?? 0) },
    promptLogprobs: step === 0 ? template.promptLogprobs : null,
  });
}

/** @param position log-probabilities of what may follow the beam */
function continuations(beam: Beam, position: TokenLogprobs | undefined, endTokenIds: ReadonlySet<number>): Beam[] {
  invariant(position !== undefined, 'a step gives one position with log-probabilities');
  const { top } = position;
  return top.map(({ tokenId, logprob }, index) => ({
    tokenIds: [...beam.tokenIds, tokenId],
    logprobs: [...beam.logprobs, { tokenId, logprob, rank: index + 1, top }],
    total: beam.total + logprob,
    isEnded: endTokenIds.has(tokenId),
  }));
}

function toOutcome(beam: Beam, start: StartEvent, template: GenerateRequest, plan: GenerationPlan): ChoiceOutcome {
  const isEndHidden = beam.isEnded && !template.includeStopStrInOutput;
  const shown = isEndHidden ? beam.tokenIds.slice(0, -1) : beam.tokenIds;
  const text = plan.text.decode(shown, { skipSpecialTokens: template.skipSpecialTokens });
  return {
    start,
    text: template.stripLeadingSpace && text.startsWith(' ') ? text.slice(1) : text,
    tokenIds: beam.tokenIds,
    logprobs: plan.logprobs === null ? [] : beam.logprobs,
    finish: {
      type: 'finish',
      reason: beam.isEnded ? 'stop' : 'length',
      stopReason: null,
      numCompletionTokens: beam.tokenIds.length,
    },
  };
}
