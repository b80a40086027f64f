import type { SequenceSampling } from './sequence-sampling.ts';

/** Whether some tokens must not be sampled next, whatever their logits; a grammar's mask comes on top. */
export function needsMask(sequence: SequenceSampling): boolean {
  return sequence.params.allowedTokenIds !== null || sequence.forbiddenTokenIds.length > 0;
}

/**
 * Writes the tokens that can be sampled next as one mask: what adjust-logits.ts does to the logits of the others. Unlike there,
 * a token whose logit is -Infinity counts as one that an output can go on with.
 *
 * @param into one bit per logit, [at least ceil(vocabSize / 32)]
 * @param grammarMask tokens that the output's grammar lets through, [ceil(vocabSize / 32)]; null: any
 * @param vocabSize ids below this exist
 */
export function writeTokenMask(
  into: Int32Array,
  sequence: SequenceSampling,
  grammarMask: Int32Array | null,
  vocabSize: number,
): void {
  if (grammarMask === null) {
    into.fill(-1);
  } else {
    into.fill(0);
    into.set(grammarMask);
  }
  clearFrom(into, vocabSize);
  const { allowedTokenIds } = sequence.params;
  if (allowedTokenIds !== null) {
    const kept = allowedTokenIds.filter((tokenId) => has(into, tokenId));
    into.fill(0);
    for (const tokenId of kept) add(into, tokenId);
  }
  if (grammarMask === null) {
    for (const tokenId of sequence.forbiddenTokenIds) remove(into, tokenId);
    return;
  }
  for (const tokenId of sequence.badWordEnds) remove(into, tokenId);
  const held = sequence.heldBackTokenIds.filter((tokenId) => has(into, tokenId));
  for (const tokenId of held) remove(into, tokenId);
  if (held.length > 0 && into.every((word) => word === 0)) for (const tokenId of held) add(into, tokenId);
}

/** Padding is not a token that an output could go on with. */
function clearFrom(mask: Int32Array, vocabSize: number): void {
  const word = vocabSize >> 5;
  if (word >= mask.length) return;
  mask[word] = mask[word]! & ((1 << (vocabSize & 31)) - 1);
  mask.fill(0, word + 1);
}

function has(mask: Int32Array, tokenId: number): boolean {
  return ((mask[tokenId >> 5] ?? 0) & (1 << (tokenId & 31))) !== 0;
}

function add(mask: Int32Array, tokenId: number): void {
  const word = tokenId >> 5;
  mask[word] = mask[word]! | (1 << (tokenId & 31));
}

function remove(mask: Int32Array, tokenId: number): void {
  const word = tokenId >> 5;
  if (word < mask.length) mask[word] = mask[word]! & ~(1 << (tokenId & 31));
}
