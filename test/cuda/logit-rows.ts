/** Ids of the two largest logits, the largest first; of equal ones the lower id. NaN is never one of them. */
export function bestTwo(row: Float32Array): readonly [number, number] {
  let best = -1;
  let second = -1;
  for (let id = 0; id < row.length; id++) {
    const logit = row[id]!;
    if (best < 0 ? !Number.isNaN(logit) : logit > row[best]!) {
      second = best;
      best = id;
    } else if (second < 0 ? !Number.isNaN(logit) : logit > row[second]!) {
      second = id;
    }
  }
  return [best, second];
}

export function logprob(row: Float32Array, id: number): number {
  const max = row.reduce((a, b) => Math.max(a, b));
  return row[id]! - max - Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
}
