import { LogitsNotFiniteError } from './sampling-error.ts';
import type { TokenLogprobs } from './sampling-params.ts';

/**
 * Log-probability and rank of one token and of the `n` likeliest under the raw logits, as HF's
 * `log_softmax(logits)`: the normaliser covers the whole row, padding ids included. Ranks and the list cover
 * the ids below `vocabSize` only, ordered by logit and, where equal, by id.
 *
 * @param logits one row, [logitsWidth]
 * @param n length of `top`, at least 0
 * @throws SamplingError when the row holds NaN or +Infinity or is -Infinity throughout
 */
export function tokenLogprobs(
  logits: Float32Array,
  tokenId: number,
  n: number,
  vocabSize: number = logits.length,
): TokenLogprobs {
  const value = logits[tokenId]!;
  const topIds: number[] = [];
  let lowestOfTop = Number.NEGATIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let rank = 1;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (logit > max) max = logit;
    if (id >= vocabSize) continue;
    if (logit > value || (logit === value && id < tokenId)) rank++;
    if (topIds.length < n || (n > 0 && logit > lowestOfTop)) {
      insert(topIds, logits, id, n);
      lowestOfTop = logits[topIds[topIds.length - 1]!]!;
    }
  }
  const logNormaliser = max + Math.log(sumOfExponentials(logits, max));
  if (!Number.isFinite(logNormaliser)) throw new LogitsNotFiniteError();
  const top = topIds.map((id) => ({ tokenId: id, logprob: logits[id]! - logNormaliser }));
  return { tokenId, logprob: value - logNormaliser, rank, top };
}

/**
 * The same for tokens of the caller's choice: `top` holds them in their order, whatever their ranks.
 *
 * @param listedIds below `vocabSize`
 * @throws SamplingError as {@link tokenLogprobs}
 */
export function listedLogprobs(
  logits: Float32Array,
  tokenId: number,
  listedIds: readonly number[],
  vocabSize: number,
): TokenLogprobs {
  const own = tokenLogprobs(logits, tokenId, 0, vocabSize);
  const logNormaliser = logits[tokenId]! - own.logprob;
  return { ...own, top: listedIds.map((id) => ({ tokenId: id, logprob: logits[id]! - logNormaliser })) };
}

function sumOfExponentials(logits: Float32Array, max: number): number {
  let sum = 0;
  for (let id = 0; id < logits.length; id++) sum += Math.exp(logits[id]! - max);
  return sum;
}

/** Puts `id`, larger than every id present, into the descending list and cuts the list to `n`. */
function insert(topIds: number[], logits: Float32Array, id: number, n: number): void {
  if (topIds.length === n) topIds.pop();
  let position = topIds.length;
  while (position > 0 && logits[topIds[position - 1]!]! < logits[id]!) position--;
  topIds.splice(position, 0, id);
}
