import type { SamplingParams } from '../../src/sampling/sampling-params.ts';

export interface ReferenceCandidate {
  readonly id: number;
  readonly probability: number;
}

export interface ReferenceDistribution {
  /** Ascending by id; probabilities sum to 1. */
  readonly candidates: readonly ReferenceCandidate[];
  /** How near the nucleus came to keeping one token more or less: |cumulative mass - top_p| at the two nearest cuts. */
  readonly nucleusMargin: number;
}

/** Logits after masks, min_tokens, logit_bias and penalties, in obvious code. */
export function referenceAdjust(
  logits: readonly number[],
  params: SamplingParams,
  prompt: readonly number[],
  output: readonly number[],
  eosTokenIds: readonly number[],
): number[] {
  const endsWith = (tail: readonly number[]) => output.slice(output.length - tail.length).join() === tail.join();
  const adjusted = logits.map((logit, id) => {
    if (params.allowedTokenIds !== null && !params.allowedTokenIds.includes(id)) return Number.NEGATIVE_INFINITY;
    const isBad = params.badWords.some((word) => word.at(-1) === id && endsWith(word.slice(0, -1)));
    return isBad ? Number.NEGATIVE_INFINITY : logit;
  });
  if (output.length < params.minTokens) {
    for (const id of [...eosTokenIds, ...params.stopTokenIds]) adjusted[id] = Number.NEGATIVE_INFINITY;
  }
  for (const [id, bias] of params.logitBias) adjusted[id] = adjusted[id]! + bias;
  return adjusted.map((logit, id) => {
    let value = logit;
    const count = output.filter((token) => token === id).length;
    if (prompt.includes(id) || count > 0) {
      value = value > 0 ? value / params.repetitionPenalty : value * params.repetitionPenalty;
    }
    if (count > 0) value -= count * params.frequencyPenalty + params.presencePenalty;
    return value;
  });
}

/** The distribution that a token is drawn from: sorts everything, filters step by step, renormalises each time. */
export function referenceDistribution(logits: readonly number[], params: SamplingParams): ReferenceDistribution {
  const max = Math.max(...logits);
  let sorted = normalise(
    logits
      .map((logit, id) => ({ id, logit, probability: Math.exp((logit - max) / params.temperature) }))
      .filter((candidate) => candidate.probability > 0)
      .sort((a, b) => b.logit - a.logit || a.id - b.id),
  );
  const floor = sorted[0]!.probability * params.minP;
  sorted = sorted.filter((candidate) => candidate.probability >= floor);
  if (params.topK > 0) sorted = sorted.slice(0, params.topK);
  sorted = normalise(sorted);
  let nucleusMargin = Number.POSITIVE_INFINITY;
  if (params.topP < 1) {
    let mass = 0;
    let kept = 0;
    while (kept < sorted.length && mass < params.topP) {
      nucleusMargin = Math.min(nucleusMargin, params.topP - mass);
      mass += sorted[kept]!.probability;
      kept++;
    }
    nucleusMargin = Math.min(nucleusMargin, Math.abs(mass - params.topP));
    sorted = normalise(sorted.slice(0, kept));
  }
  const candidates = sorted.map(({ id, probability }) => ({ id, probability })).sort((a, b) => a.id - b.id);
  return { candidates, nucleusMargin };
}

function normalise<T extends { probability: number }>(list: readonly T[]): T[] {
  const total = list.reduce((sum, candidate) => sum + candidate.probability, 0);
  return list.map((candidate) => ({ ...candidate, probability: candidate.probability / total }));
}
