const LARGEST_STEP = 16;

/** Batch sizes that decode steps are padded to, so that few CUDA graphs serve all: 1, 2, 4, 8, 16, then by 16. */
export function decodeBuckets(maxNumSeqs: number): number[] {
  const buckets = [1];
  for (let size = 1; size < maxNumSeqs; buckets.push(size)) size += Math.min(size, LARGEST_STEP);
  return buckets;
}
