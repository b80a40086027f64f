import { afterAll, beforeAll, expect, it } from 'vitest';
import { readModelConfig } from '../../src/deepseek-v2/parse-config.ts';
import type { Precision } from '../../src/deepseek-v2/precision.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import { type TemporaryFolder, temporaryFolder } from '../checkpoint/write-safetensors.ts';
import { widenPack } from '../cuda/widen-pack.ts';
import { generate } from '../support/generate.ts';
import { fixtureFolder } from '../support/goldens.ts';
import { LocalEngine, LocalModel } from '../support/local-engine.ts';
import { PagedCpu } from '../support/paged-cpu.ts';
import { expectSameAnswers, shortPrompts } from './same-answers.ts';

let cache: TemporaryFolder;
beforeAll(() => {
  cache = temporaryFolder();
});
afterAll(() => cache.remove());

// Experts of f16 are packed with the shared ones in their stack. Widened to float32 the same pack runs here; what rounding to f16 moves is far
// less than what a shared expert that is left out, or cut at the wrong column, would.
it.each(['v2-lite-like', 'v2-like', 'odd-sizes'] as const)(
  'the CUDA graph of %s with shared experts in the stack computes what it does with them apart',
  async (name) => {
    const folder = fixtureFolder(name);
    const config = await readModelConfig(folder);
    const prompts = shortPrompts(name);
    using reference = await LocalModel.load(folder, 'f32');
    using apart = reference.engine();
    const precision: Precision = { stream: 'f32', experts: 'f16' };
    const packed = await packCheckpoint({ folder, config, precision, cacheRoot: cache.path });
    expect([...packed.tensors.keys()].filter((tensor) => tensor.includes('shared'))).toEqual([]);
    const stacked = await widenPack(packed, cache.path);
    using engine = new LocalEngine(config, new PagedCpu(config, stacked), { numBlocks: 128 });
    expectSameAnswers(generate(engine, prompts), generate(apart, prompts), 2e-3);
  },
);
