import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';
import { readModelConfig } from '../../src/deepseek-v2/parse-config.ts';
import { FLOAT32 } from '../../src/deepseek-v2/precision.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import type { PackedModel } from '../../src/packing/packed-model.ts';
import { compare, FIXTURES, fixtureFolder, readGoldens } from '../support/goldens.ts';
import { type EngineShape, LocalEngine, type Output } from '../support/local-engine.ts';
import { PagedCpu } from '../support/paged-cpu.ts';

const LOGPROB_BOUND = 1e-4;
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

  const run = (shape: EngineShape): Output[] => {
    using engine = new LocalEngine(config, new PagedCpu(config, packed), shape);
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
});
