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
/** What rounding latents to 3 bits of fraction may move on average. */
const FP8_LOGPROB_BOUND = 0.25;
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

  it('with 8-bit latents', () => {
    const outputs = run({ numBlocks: 128 }, 'fp8');
    // Of the first tokens: in random weights a token that differs makes everything after it differ.
    const alike = goldens.flatMap(({ tokens, logprobs }, index) => {
      const { tokens: actual, logprobs: actualLogprobs } = outputs[index]!;
      return actual[0] === tokens[0] ? [Math.abs(actualLogprobs[0]!.logprob - logprobs[0]!)] : [];
    });
    expect(alike.length).toBeGreaterThanOrEqual(0.75 * goldens.length);
    const mean = alike.reduce((sum, difference) => sum + difference, 0) / alike.length;
    expect(mean).toBeGreaterThan(LOGPROB_BOUND);
    expect(mean).toBeLessThan(FP8_LOGPROB_BOUND);
  });
});
