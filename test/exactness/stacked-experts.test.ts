import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readModelConfig } from '../../src/deepseek-v2/parse-config.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import { widenPack } from '../cuda/widen-pack.ts';
import { generate } from '../support/generate.ts';
import { fixtureFolder, readGoldens } from '../support/goldens.ts';
import { LocalEngine, LocalModel } from '../support/local-engine.ts';
import { PagedCpu } from '../support/paged-cpu.ts';

let cacheRoot: string;
beforeAll(() => {
  cacheRoot = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
});
afterAll(() => rmSync(cacheRoot, { recursive: true }));

// Experts of f16 are packed with the shared ones in their stack. Widened to float32 the same pack runs here; what rounding to f16 moves is far
// less than what a shared expert that is left out, or cut at the wrong column, would.
it.each(['v2-lite-like', 'v2-like', 'odd-sizes'] as const)(
  'the CUDA graph of %s with shared experts in the stack computes what it does with them apart',
  async (name) => {
    const folder = fixtureFolder(name);
    const config = await readModelConfig(folder);
    const prompts = readGoldens(name)
      .slice(0, 6)
      .map(({ prompt, tokens }) => ({ prompt, count: Math.min(8, tokens.length) }));
    using reference = await LocalModel.load(folder, 'f32');
    using apart = reference.engine();
    const wanted = generate(apart, prompts);
    const packed = await packCheckpoint({ folder, config, precision: { stream: 'f32', experts: 'f16' }, cacheRoot });
    expect([...packed.tensors.keys()].filter((tensor) => tensor.includes('shared'))).toEqual([]);
    const stacked = await widenPack(packed, cacheRoot);
    using engine = new LocalEngine(config, new PagedCpu(config, stacked), { numBlocks: 128 });
    generate(engine, prompts).forEach(({ tokens, logprobs }, index) => {
      expect(tokens).toEqual(wanted[index]!.tokens);
      logprobs.forEach(({ logprob }, i) => {
        expect(Math.abs(logprob - wanted[index]!.logprobs[i]!.logprob)).toBeLessThan(2e-3);
      });
    });
  },
);
