import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModelConfig } from '../../src/deepseek-v2/parse-config.ts';
import type { Precision } from '../../src/deepseek-v2/precision.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import { type TemporaryFolder, temporaryFolder } from '../checkpoint/write-safetensors.ts';
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

describe('the CUDA graph with int8 experts', () => {
  it.each(['v2-lite-like', 'v2-like', 'odd-sizes'] as const)(
    'computes what the codes of %s stand for',
    async (name) => {
      const folder = fixtureFolder(name);
      const config = await readModelConfig(folder);
      const prompts = shortPrompts(name);
      using reference = await LocalModel.load(folder, 'int8');
      using cpu = reference.engine();
      const precision: Precision = { stream: 'f32', experts: 'u8' };
      const packed = await packCheckpoint({ folder, config, precision, cacheRoot: cache.path });
      using engine = new LocalEngine(config, new PagedCpu(config, packed, { experts: 'u8' }), { numBlocks: 128 });
      expectSameAnswers(generate(engine, prompts), generate(cpu, prompts), 1e-4);
    },
  );
});

interface Golden {
  readonly cases: readonly { readonly prompt_ids: number[]; readonly generated_ids: number[] }[];
}

describe('the shipped model with int8 experts', () => {
  it('answers as transformers does in float32', async () => {
    const file = fileURLToPath(new URL('../../training/golden.json', import.meta.url));
    const { cases } = JSON.parse(readFileSync(file, 'utf8')) as Golden;
    const prompts = cases.map(({ prompt_ids, generated_ids }) => ({ prompt: prompt_ids, count: generated_ids.length }));
    const folder = fileURLToPath(new URL('../../models/latent-tiny', import.meta.url));
    const logprobs: number[][] = [];
    for (const experts of ['f32', 'int8'] as const) {
      using model = await LocalModel.load(folder, experts);
      using engine = model.engine();
      const outputs = generate(engine, prompts);
      logprobs.push(outputs.flatMap((output) => output.logprobs.map(({ logprob }) => logprob)));
      expect(outputs.map(({ tokens }) => tokens)).toEqual(cases.map(({ generated_ids }) => generated_ids));
    }
    // 0.004 at the time of writing, and on average 0.00006.
    logprobs[0]!.forEach((logprob, i) => {
      expect(Math.abs(logprob - logprobs[1]![i]!)).toBeLessThan(0.02);
    });
  });
});
