import type { SequenceSampling } from './sequence-sampling.ts';

/**
 * Applies, in place and in vLLM V1's order, what changes logits before temperature: the mask of min_tokens, logit_bias,
 * then the repetition, frequency and presence penalties. Ids outside of `values` are ignored.
 *
 * @param values logits of the real vocabulary, [vocabSize]
 */
export function adjustLogits(values: Float32Array, sequence: SequenceSampling): void {
  const { logitBias, repetitionPenalty, frequencyPenalty, presencePenalty } = sequence.params;
  for (const tokenId of sequence.forbiddenTokenIds) {
    if (tokenId < values.length) values[tokenId] = Number.NEGATIVE_INFINITY;
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
