import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compare, FIXTURES, fixtureFolder, type GoldenSequence, readGoldens } from '../support/goldens.ts';
import { type EngineShape, type LocalEngine, LocalModel, type Output } from '../support/local-engine.ts';

/** Largest difference of log-probabilities from transformers in float32. */
const LOGPROB_BOUND = 1e-4;

function expectEqual(goldens: readonly GoldenSequence[], outputs: readonly Output[]): void {
  const { compared, total, mismatch, worstLogprob } = compare(goldens, outputs);
  expect(mismatch).toBeNull();
  expect(compared / total).toBeGreaterThanOrEqual(0.9);
  expect(worstLogprob).toBeLessThan(LOGPROB_BOUND);
}

describe.each(FIXTURES)('%s against transformers', (name) => {
  const goldens = readGoldens(name);
  let model: LocalModel;
  beforeAll(async () => {
    model = await LocalModel.load(fixtureFolder(name));
  });
  afterAll(() => model[Symbol.dispose]());

  const numTokens = (golden: GoldenSequence): number => golden.tokens.length;
  const run = (
    shape: EngineShape,
    go: (engine: LocalEngine) => Output[],
  ): { outputs: Output[]; engine: LocalEngine } => {
    using engine = model.engine(shape);
    const outputs = go(engine);
    expect(engine.pool.numUsedBlocks).toBe(0);
    return { outputs, engine };
  };

  it('alone, prompts in one piece', () => {
    const { outputs } = run({ maxNumBatchedTokens: 1024, enablePrefixCaching: false }, (engine) =>
      goldens.map((golden) => {
        const output = engine.add(golden.prompt, numTokens(golden));
        engine.runToEnd();
        return output;
      }),
    );
    expectEqual(goldens, outputs);
  });

  it('prefilled in chunks of 16', () => {
    const { outputs } = run({ maxNumBatchedTokens: 16, enablePrefixCaching: false }, (engine) =>
      goldens.map((golden) => {
        const output = engine.add(golden.prompt, numTokens(golden));
        engine.runToEnd();
        return output;
      }),
    );
    expectEqual(goldens, outputs);
  });

  it('24 sequences together', () => {
    const { outputs, engine } = run({ enablePrefixCaching: false }, (engine) => {
      const all = goldens.map((golden) => engine.add(golden.prompt, numTokens(golden)));
      engine.runToEnd();
      return all;
    });
    expect(Math.max(...engine.reports.map((report) => report.sequenceIds.length))).toBe(24);
    expectEqual(goldens, outputs);
  });

  it('half of them from the prefix cache', () => {
    const { outputs } = run({}, (engine) => {
      const half = goldens.filter((_, index) => index % 2 === 1);
      for (const golden of half) engine.add(golden.prompt, numTokens(golden));
      engine.runToEnd();
      const again = goldens.map((golden) => engine.add(golden.prompt, numTokens(golden)));
      engine.runToEnd();
      return again;
    });
    goldens.forEach(({ prompt }, index) => {
      const expected = index % 2 === 1 ? Math.floor((prompt.length - 1) / 16) * 16 : 0;
      expect(outputs[index]!.numCachedTokens).toBe(expected);
    });
    expectEqual(goldens, outputs);
  });

  it('after preemptions', () => {
    // 52 blocks hold the longest sequence and little beside it: the others are pushed out as they grow.
    const { outputs, engine } = run({ numBlocks: 52, enablePrefixCaching: false }, (engine) => {
      const all = goldens.map((golden) => engine.add(golden.prompt, numTokens(golden)));
      engine.runToEnd();
      return all;
    });
    expect(engine.core.stats.totalPreemptions).toBeGreaterThan(0);
    expectEqual(goldens, outputs);
  });

  it('prompt log-probabilities', () => {
    const scored = goldens.filter((golden) => golden.promptLogprobs !== null);
    const { outputs } = run({}, (engine) => {
      const all = scored.map(({ prompt }) => engine.add(prompt, 0, { promptLogprobs: 0 }));
      engine.runToEnd();
      return all;
    });
    scored.forEach(({ prompt, promptLogprobs }, index) => {
      const { promptLogprobs: ours, tokens, finish } = outputs[index]!;
      expect(tokens).toEqual([]);
      expect(finish).toBe('length');
      expect(ours).toHaveLength(prompt.length);
      expect(ours![0]).toBeNull();
      promptLogprobs!.forEach((expected, i) => {
        expect(ours![i + 1]!.tokenId).toBe(prompt[i + 1]);
        expect(Math.abs(ours![i + 1]!.logprob - expected)).toBeLessThan(LOGPROB_BOUND);
      });
    });
  });
});
