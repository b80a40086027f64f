import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';
import type { KvCacheDtype } from '../../src/deepseek-v2/latent-row.ts';
import { readModelConfig } from '../../src/deepseek-v2/parse-config.ts';
import { FLOAT32 } from '../../src/deepseek-v2/precision.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import type { PackedModel } from '../../src/packing/packed-model.ts';
import { compare, FIXTURES, fixtureFolder, readGoldens } from '../support/goldens.ts';
import { type EngineShape, LocalEngine, type Output } from '../support/local-engine.ts';
import { PagedCpu } from '../support/paged-cpu.ts';

const LOGPROB_BOUND = 1e-4;
/**
 * What rounding latents to 8 bits may move on average: twice what e4m3 does at most, and a quarter of that for int8, as the roundings
 * of nearly normal values are (docs/decisions/008-8-bit-latents.md).
 */
const ROUNDED_LOGPROB_BOUNDS = { fp8: 0.02, int8: 0.005 } as const;
/** Of each fixture: JavaScript is slow. */
const NUM_SEQUENCES = 12;

describe.each(FIXTURES)('the CUDA graph of %s against transformers', (name) => {
  const goldens = readGoldens(name).slice(0, NUM_SEQUENCES);
  let cacheRoot: string;
  let config: DeepseekV2Config;
  let packed: PackedModel;
  beforeAll(async () => {
    cacheRoot = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
    config = await readModelConfig(fixtureFolder(name));
    packed = await packCheckpoint({ folder: fixtureFolder(name), config, precision: FLOAT32, cacheRoot });
  });
  afterAll(() => rmSync(cacheRoot, { recursive: true }));

  const run = (shape: EngineShape, kvCacheDtype: KvCacheDtype = 'auto'): Output[] => {
    using engine = new LocalEngine(config, new PagedCpu(config, packed, { kvCacheDtype }), shape);
    const outputs = goldens.map(({ prompt, tokens }) => engine.add(prompt, tokens.length));
    engine.runToEnd();
    return outputs;
  };
  const expectEqual = (outputs: readonly Output[]): void => {
    const { compared, total, mismatch, worstLogprob } = compare(goldens, outputs);
    expect(mismatch).toBeNull();
    expect(compared / total).toBeGreaterThanOrEqual(0.9);
    expect(worstLogprob).toBeLessThan(LOGPROB_BOUND);
  };

  it('together, decode steps padded to buckets', () => {
    expectEqual(run({ numBlocks: 128 }));
  });

  it('decodes and chunks in one step', () => {
    expectEqual(run({ numBlocks: 128, maxNumBatchedTokens: 24, enablePrefixCaching: false }));
  });

  it.each(['fp8', 'int8'] as const)('with latents in %s', (kvCacheDtype) => {
    const outputs = run({ numBlocks: 128 }, kvCacheDtype);
    // Up to the first token that differs, which makes everything after it differ.
    const moved = goldens.flatMap(({ tokens, logprobs }, index) => {
      const { tokens: actual, logprobs: actualLogprobs } = outputs[index]!;
      const end = tokens.findIndex((token, i) => token !== actual[i]);
      return logprobs
        .slice(0, end < 0 ? tokens.length : end)
        .map((logprob, i) => Math.abs(actualLogprobs[i]!.logprob - logprob));
    });
    const total = goldens.reduce((sum, { tokens }) => sum + tokens.length, 0);
    expect(moved.length).toBeGreaterThanOrEqual(0.75 * total);
    const mean = moved.reduce((sum, difference) => sum + difference, 0) / moved.length;
    expect(mean).toBeGreaterThan(LOGPROB_BOUND);
    expect(mean).toBeLessThan(ROUNDED_LOGPROB_BOUNDS[kvCacheDtype]);
  });
});
