/**
 * Sets the logits of tokens without their bit to -Infinity, in place.
 * @param values logits of the real vocabulary, [vocabSize]
 * @param mask one bit per token, [ceil(vocabSize / 32)]
 */
export function keepMasked(values: Float32Array, mask: Int32Array): void {
  for (let word = 0, start = 0; start < values.length; word++, start += 32) {
    const bits = mask[word]!;
    if (bits === -1) continue;
    const end = Math.min(start + 32, values.length);
    if (bits === 0) {
      values.fill(Number.NEGATIVE_INFINITY, start, end);
      continue;
    }
    for (let id = start; id < end; id++) {
      if (((bits >>> (id - start)) & 1) === 0) values[id] = Number.NEGATIVE_INFINITY;
    }
  }
}

/** Whether any token but these can still be chosen. */
export function hasOtherThan(values: Float32Array, tokenIds: readonly number[]): boolean {
  for (let id = 0; id < values.length; id++) {
    if (values[id] !== Number.NEGATIVE_INFINITY && !tokenIds.includes(id)) return true;
  }
  return false;
}
