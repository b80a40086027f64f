// The fixtures of test/exactness on a GPU: node test/cuda/exactness.ts [f32|bf16|f16 ...]
// Runs on Node 24 without any development dependency. Prints one line per fixture, precision and way of scheduling.
import { compare, FIXTURES, fixtureFolder, type GoldenSequence, readGoldens } from '../support/goldens.ts';
import type { EngineShape, LocalEngine, Output } from '../support/local-engine.ts';
import { LocalCudaModel } from './local-cuda.ts';

const PRECISIONS = {
  f32: { stream: 'f32', experts: 'f32' },
  f16: { stream: 'f16', experts: 'f16' },
  bf16: { stream: 'bf16', experts: 'f16' },
} as const;
type PrecisionName = keyof typeof PRECISIONS;

/** How far apart two logits must be for the order to be expected of this precision. */
const NEAR_TIE = { f32: 2e-3, f16: 0.05, bf16: 0.3 } as const;
const LOGPROB_BOUND = { f32: 1e-4, f16: 0.05, bf16: 0.3 } as const;

const oneByOne =
  (goldens: readonly GoldenSequence[]) =>
  (engine: LocalEngine): Output[] =>
    goldens.map((golden) => {
      const output = engine.add(golden.prompt, golden.tokens.length);
      engine.runToEnd();
      return output;
    });

const together =
  (goldens: readonly GoldenSequence[]) =>
  (engine: LocalEngine): Output[] => {
    const outputs = goldens.map((golden) => engine.add(golden.prompt, golden.tokens.length));
    engine.runToEnd();
    return outputs;
  };

const halfCached =
  (goldens: readonly GoldenSequence[]) =>
  (engine: LocalEngine): Output[] => {
    together(goldens.filter((_, index) => index % 2 === 1))(engine);
    return together(goldens)(engine);
  };

const WAYS: readonly [string, EngineShape, (goldens: readonly GoldenSequence[]) => (e: LocalEngine) => Output[]][] = [
  ['alone', { maxNumBatchedTokens: 1024, enablePrefixCaching: false }, oneByOne],
  ['chunks of 16', { maxNumBatchedTokens: 16, enablePrefixCaching: false }, oneByOne],
  ['24 together', { enablePrefixCaching: false }, together],
  ['half cached', {}, halfCached],
  ['preempted', { numBlocks: 14, enablePrefixCaching: false }, together],
];

const totals = { passed: 0, failed: 0 };
const wanted = process.argv.slice(2) as PrecisionName[];
for (const name of wanted.length > 0 ? wanted : (['f32', 'bf16'] as const)) {
  for (const fixture of FIXTURES) {
    const goldens = readGoldens(fixture);
    using model = await LocalCudaModel.load(fixtureFolder(fixture), PRECISIONS[name]);
    for (const [way, shape, go] of WAYS) {
      using engine = model.engine(shape);
      const outputs = go(goldens)(engine);
      const { compared, total, mismatch, worstLogprob } = compare(goldens, outputs, NEAR_TIE[name]);
      const preemptions = engine.core.stats.totalPreemptions;
      const isOk = mismatch === null && worstLogprob < LOGPROB_BOUND[name] && (way === 'preempted') === preemptions > 0;
      totals[isOk ? 'passed' : 'failed']++;
      const share = ((100 * compared) / total).toFixed(1);
      const parts = [
        `${share} % compared`,
        `worst logprob ${worstLogprob.toExponential(1)}`,
        mismatch ?? 'tokens equal',
      ];
      process.stdout.write(`${isOk ? 'ok' : 'not ok'} - ${name} ${fixture}, ${way}: ${parts.join(', ')}\n`);
    }
  }
}
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed\n`);
process.exitCode = totals.failed > 0 ? 1 : 0;
