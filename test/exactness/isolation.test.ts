import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FLOAT32 } from '../../src/deepseek-v2/precision.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import { flawedFixture } from '../support/flawed-fixture.ts';
import { compare, readGoldens } from '../support/goldens.ts';
import { LocalEngine, LocalModel } from '../support/local-engine.ts';
import { PagedCpu } from '../support/paged-cpu.ts';

const goldens = readGoldens('v2-lite-like').slice(0, 14);

/** A step takes no more tokens, so that a long prompt needs several. */
const CHUNKS = { maxNumBatchedTokens: 40 };

describe('a request with a token that is NaN', () => {
  const { folder, token } = flawedFixture();
  let model: LocalModel;
  let paged: PagedCpu;
  beforeAll(async () => {
    model = await LocalModel.load(folder);
    const cacheRoot = path.join(folder, 'cache');
    const packed = await packCheckpoint({ folder, config: model.config, precision: FLOAT32, cacheRoot });
    paged = new PagedCpu(model.config, packed);
  });
  afterAll(() => {
    paged[Symbol.dispose]();
    model[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  const engines = {
    'the CPU graph': () => model.engine({ numBlocks: 64, ...CHUNKS }),
    'the CUDA graph': () => new LocalEngine(model.config, paged, { numBlocks: 32, ...CHUNKS }),
  };
  it.each(Object.entries(engines))('fails alone, and leaves nothing behind: %s', (_, makeEngine) => {
    const engine = makeEngine();
    const add = () => goldens.map(({ prompt, tokens }) => engine.add(prompt, tokens.length));
    // The long one comes first: its blocks are there while others attend, and it leaves whole ones behind.
    for (const length of [150, 1, 3]) engine.add([...Array<number>(length).fill(token), 9], 8);
    const beside = add();
    engine.runToEnd();
    const after = add();
    engine.runToEnd();
    const failed = engine.reports.flatMap((report) => report.failed);
    expect(failed.map(({ message }) => message)).toEqual(Array(3).fill(expect.stringContaining('finite number')));
    for (const outputs of [beside, after]) {
      const { compared, total, mismatch } = compare(goldens, outputs);
      expect(mismatch).toBeNull();
      expect(compared).toBeGreaterThanOrEqual(0.9 * total);
    }
  });
});
