import { expect, test } from 'vitest';
import { adjustLogits } from '../../src/sampling/adjust-logits.ts';
import { BlockMaxima } from '../../src/sampling/block-maxima.ts';
import { Candidates } from '../../src/sampling/candidates.ts';
import type { SamplingParams } from '../../src/sampling/sampling-params.ts';
import { SequenceSampling } from '../../src/sampling/sequence-sampling.ts';
import { readGzippedJson } from '../support/gzipped-json.ts';
import { samplingParams } from './params.ts';

interface GoldenCase {
  readonly logits: number[];
  readonly prompt: number[];
  readonly output: number[];
  readonly params: Partial<SamplingParams>;
  readonly kept: number[];
  readonly probabilities: number[];
}

interface Golden {
  readonly generator: string;
  readonly eosTokenId: number;
  readonly cases: GoldenCase[];
}

const file = new URL('../fixtures/sampling/hf-processors.golden.json.gz', import.meta.url);
const golden = readGzippedJson<Golden>(file);

test.each(golden.cases.map((entry, i) => [i, JSON.stringify(entry.params), entry] as const))(
  'keeps what the logits processors of transformers keep: %i %s',
  (_i, _params, { logits, prompt, output, params, kept, probabilities }) => {
    const full = samplingParams(params);
    const state = new SequenceSampling(full, prompt, [golden.eosTokenId], { fallbackSeed: 0 });
    for (const tokenId of output) state.append(tokenId);
    const values = Float32Array.from(logits);
    adjustLogits(values, state);
    const blocks = new BlockMaxima(values.length);
    const candidates = new Candidates(values.length);
    candidates.select(values, blocks, blocks.compute(values), full);
    const actual = new Map<number, number>();
    for (let i = 0; i < candidates.count; i++) {
      actual.set(candidates.ids[i]!, candidates.weights[i]! / candidates.totalWeight);
    }
    // Tokens below e^-45 of the likeliest are left out by design.
    const expected = kept.map((id, i) => [id, probabilities[i]!] as const).filter(([, p]) => p > 1e-18);
    expect(new Set(expected.map(([id]) => id))).toEqual(
      new Set([...actual].filter(([, p]) => p > 1e-18).map(([id]) => id)),
    );
    for (const [id, probability] of expected) expect(Math.abs(actual.get(id)! - probability)).toBeLessThan(2e-6);
  },
);
