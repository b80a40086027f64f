import { MAX_TOP_LOGPROBS } from '../../src/cuda/max-top-logprobs.ts';
import type { PagedStepBuffers } from '../../src/ranks/paged-step-buffers.ts';
import { layOutResults, layOutSampling } from '../../src/ranks/sampling-layout.ts';
import { BlockMaxima } from '../../src/sampling/block-maxima.ts';
import { Candidates } from '../../src/sampling/candidates.ts';
import { uniformAt } from '../../src/sampling/random.ts';

/** Type of each tensor of the sampler on the GPU (cuda/device-sampler.ts). */
export const SAMPLER_TENSORS = {
  logits: 'f32',
  validTokens: 'i32',
  maskRow: 'i32',
  mask: 'i32',
  biasStart: 'i32',
  biasToken: 'i32',
  biasValue: 'f32',
  historyStart: 'i32',
  historyToken: 'i32',
  historyCount: 'i32',
  repetitionPenalty: 'f32',
  presencePenalty: 'f32',
  frequencyPenalty: 'f32',
  temperature: 'f32',
  topK: 'i32',
  topP: 'f32',
  minP: 'f32',
  seed: 'i64',
  index: 'i64',
  topLogprobs: 'i32',
  token: 'i32',
  logprob: 'f32',
  rank: 'i32',
  topToken: 'i32',
  topLogprob: 'f32',
} as const;

type Types = typeof SAMPLER_TENSORS;
interface Arrays {
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly i64: BigInt64Array;
}
/** Each may be longer than its tensor. */
export type SamplerViews = { readonly [Name in keyof Types]: Arrays[Types[Name]] };

/** Stands for the sampler on the GPU: what it does according to cuda/device-sampler.ts. Unused rows get nothing but a -2. */
export function sampleLikeDevice(tensors: SamplerViews, numRows: number, width: number): void {
  for (let row = 0; row < numRows; row++) {
    const valid = tensors.validTokens[row]!;
    tensors.token[row] = -2;
    if (valid === 0) continue;
    const raw = tensors.logits.subarray(row * width, (row + 1) * width);
    const isBad = raw.some((x) => Number.isNaN(x) || x === Number.POSITIVE_INFINITY);
    const token = isBad ? -1 : choose(tensors, row, edited(tensors, row, raw.subarray(0, valid), width));
    tensors.token[row] = token;
    if (token < 0) continue;
    const logNormaliser = Math.log(raw.reduce((sum, x) => sum + Math.exp(x), 0));
    tensors.logprob[row] = raw[token]! - logNormaliser;
    const top = tensors.topLogprobs[row]!;
    tensors.rank[row] = top < 0 ? 0 : raw.subarray(0, valid).filter((x) => x >= raw[token]!).length;
    const order = Array.from({ length: valid }, (_, id) => id).sort((a, b) => raw[b]! - raw[a]! || a - b);
    for (let i = 0; i < top; i++) {
      const id = order[i] ?? -1;
      tensors.topToken[row * MAX_TOP_LOGPROBS + i] = id;
      tensors.topLogprob[row * MAX_TOP_LOGPROBS + i] = id < 0 ? Number.NEGATIVE_INFINITY : raw[id]! - logNormaliser;
    }
  }
}

/** The tensors of a step as they lie in shared memory, the results too. */
export function packedViews({ sampling, memory }: PagedStepBuffers, logits: Float32Array): SamplerViews {
  const shape = sampling!.shape!;
  const inputs = layOutSampling(shape, 0);
  const begin = sampling!.end - inputs.byteLength;
  const results = layOutResults(shape.numRows);
  const view = (name: string, type: keyof Arrays): Arrays[keyof Arrays] => {
    if (name === 'logits') return logits;
    if (name === 'mask') return new Int32Array(sampling!.memory.masks);
    const [block, offset] =
      name in results.offsets
        ? [sampling!.memory.results, results.offsets[name as keyof typeof results.offsets]]
        : [memory.inputs, begin + inputs.offsets[name as keyof typeof inputs.offsets]];
    return viewOf(block, type, offset, inputs.lengths[name as 'seed'] ?? results.lengths[name as 'token']);
  };
  return samplerViews(view);
}

export function samplerViews(view: (name: keyof Types, type: keyof Arrays) => Arrays[keyof Arrays]): SamplerViews {
  const entries = Object.entries(SAMPLER_TENSORS) as [keyof Types, keyof Arrays][];
  return Object.fromEntries(entries.map(([name, type]) => [name, view(name, type)])) as unknown as SamplerViews;
}

export function viewOf(
  block: ArrayBufferLike,
  type: keyof Arrays,
  offset: number,
  length: number,
): Arrays[keyof Arrays] {
  if (type === 'f32') return new Float32Array(block, offset, length);
  return type === 'i32' ? new Int32Array(block, offset, length) : new BigInt64Array(block, offset, length);
}

/** Bias, penalties and mask, in this order. */
function edited(tensors: SamplerViews, row: number, raw: Float32Array, width: number): Float32Array {
  const values = raw.slice();
  for (let at = tensors.biasStart[row]!; at < tensors.biasStart[row + 1]!; at++) {
    const id = tensors.biasToken[at]!;
    if (id < values.length) values[id] = values[id]! + tensors.biasValue[at]!;
  }
  for (let at = tensors.historyStart[row]!; at < tensors.historyStart[row + 1]!; at++) {
    const id = tensors.historyToken[at]!;
    if (id >= values.length) continue;
    const count = tensors.historyCount[at]! >> 1;
    const repetition = tensors.repetitionPenalty[row]!;
    const penalised = Math.fround(values[id]! > 0 ? values[id]! / repetition : values[id]! * repetition);
    const presence = count > 0 ? tensors.presencePenalty[row]! : 0;
    values[id] = penalised - (tensors.frequencyPenalty[row]! * count + presence);
  }
  const maskRow = tensors.maskRow[row]!;
  if (maskRow >= 0) {
    const words = Math.ceil(width / 32);
    for (let id = 0; id < values.length; id++) {
      const word = tensors.mask[maskRow * words + (id >>> 5)]!;
      if (((word >>> (id & 31)) & 1) === 0) values[id] = Number.NEGATIVE_INFINITY;
    }
  }
  return values;
}

function choose(tensors: SamplerViews, row: number, values: Float32Array): number {
  const max = values.reduce((a, b) => Math.max(a, b));
  if (max === Number.NEGATIVE_INFINITY) return -2;
  const temperature = tensors.temperature[row]!;
  if (temperature === 0) return values.indexOf(max);
  const blocks = new BlockMaxima(values.length);
  const candidates = new Candidates(values.length);
  const [topK, topP, minP] = [tensors.topK[row]!, tensors.topP[row]!, tensors.minP[row]!];
  candidates.select(values, blocks, blocks.compute(values), { temperature, topK, topP, minP });
  return candidates.draw(uniformAt(Number(tensors.seed[row]), Number(tensors.index[row])));
}
