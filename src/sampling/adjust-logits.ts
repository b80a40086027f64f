import { hasOtherThan, keepMasked } from './grammar-mask.ts';
import type { SequenceSampling } from './sequence-sampling.ts';

/**
 * Applies, in place and in vLLM V1's order, what changes logits before temperature: allowed tokens, the masks of bad words
 * and of min_tokens, logit_bias, then the repetition, frequency and presence penalties. Ids outside of `values` are ignored.
 *
 * @param values logits of the real vocabulary, [vocabSize]
 * @param mask tokens that the output's grammar lets through, one bit each; applied first of all. Null: any
 */
export function adjustLogits(values: Float32Array, sequence: SequenceSampling, mask: Int32Array | null = null): void {
  const { logitBias, allowedTokenIds, repetitionPenalty, frequencyPenalty, presencePenalty } = sequence.params;
  if (mask !== null) keepMasked(values, mask);
  if (allowedTokenIds !== null) keepOnly(values, allowedTokenIds);
  if (mask === null) {
    forbid(values, sequence.forbiddenTokenIds);
  } else {
    forbid(values, sequence.badWordEnds);
    const heldBack = sequence.heldBackTokenIds;
    if (heldBack.length > 0 && hasOtherThan(values, heldBack)) forbid(values, heldBack);
  }
  for (const [tokenId, bias] of logitBias) {
    if (tokenId < values.length) values[tokenId] = values[tokenId]! + bias;
  }
  const { seenTokenIds, outputCounts } = sequence;
  for (let i = 0; i < seenTokenIds.length; i++) {
    const tokenId = seenTokenIds[i]!;
    if (tokenId >= values.length) continue;
    let value = values[tokenId]!;
    value = Math.fround(value > 0 ? value / repetitionPenalty : value * repetitionPenalty);
    const count = outputCounts[i]!;
    if (count > 0) value -= frequencyPenalty * count + presencePenalty;
    values[tokenId] = value;
  }
}

function forbid(values: Float32Array, tokenIds: readonly number[]): void {
  for (const tokenId of tokenIds) if (tokenId < values.length) values[tokenId] = Number.NEGATIVE_INFINITY;
}

function keepOnly(values: Float32Array, tokenIds: readonly number[]): void {
  const kept = Float32Array.from(tokenIds, (tokenId) => values[tokenId] ?? Number.NEGATIVE_INFINITY);
  values.fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < kept.length; i++) {
    const tokenId = tokenIds[i]!;
    if (tokenId < values.length) values[tokenId] = kept[i]!;
  }
}
