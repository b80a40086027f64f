// The fixtures of test/exactness and the shipped model on a GPU: node test/cuda/exactness.ts [f32|bf16|f16 ...]
// Runs on Node 24 without any development dependency.
//
// In float32 the greedy tokens are transformers'. In 16 bits a model that strays once from the reference's tokens says nothing of what follows,
// so it is fed the reference's: every position is compared by itself. What the margin of the two best logits changes by, from
// run to run, from one way of scheduling to another and against float32, is the noise. Where the reference's margin is NOISE_FACTOR
// times its largest value, the best token must be the reference's, and most positions must have such a margin.
import { compare, FIXTURES } from '../support/goldens.ts';
import type { EngineShape, Output } from '../support/local-engine.ts';
import { Checks } from './checks.ts';
import { describeSpread } from './errors.ts';
import { compareForced, marginNoise } from './forced-comparison.ts';
import { forcedLogits } from './forced-tokens.ts';
import { LocalCudaModel } from './local-cuda.ts';
import { fixtureReference, type Reference, shippedReference } from './reference.ts';
import { ALONE, type Way, waysFor } from './ways.ts';

const F32 = { stream: 'f32', experts: 'f32' } as const;
const NARROW = {
  f16: { stream: 'f16', experts: 'f16' },
  bf16: { stream: 'bf16', experts: 'f16' },
} as const;
type NarrowName = keyof typeof NARROW;

const F32_LOGPROB = 1e-4;
const NOISE_FACTOR = 2.5;
const LEAST_SHARE = 0.9;
const MEAN_LOGPROB = 0.03;
/** Median relative error of the logits: 1.5 times the largest that transformers has in these types on these models. */
const MEDIAN_ERROR = { f16: 1.8e-3, bf16: 1.25e-2 } as const;

const checks = new Checks();

function checkFloat32(model: LocalCudaModel, { name, goldens }: Reference): void {
  for (const way of waysFor(goldens)) {
    using engine = model.engine(way.shape, way);
    const outputs: Output[] = [];
    way.schedule(engine, [...goldens.keys()], (index) => {
      const { prompt, tokens } = goldens[index]!;
      outputs[index] = engine.add(prompt, tokens.length);
    });
    const { compared, total, mismatch, worstLogprob } = compare(goldens, outputs);
    const isExact = mismatch === null && worstLogprob < F32_LOGPROB && compared >= LEAST_SHARE * total;
    const parts = [
      share(compared, total),
      `worst logprob ${worstLogprob.toExponential(1)}`,
      mismatch ?? 'tokens equal',
    ];
    report(way, `f32 ${name}`, isExact, engine.core.stats.totalPreemptions, parts);
  }
}

function checkNarrow(model: LocalCudaModel, type: NarrowName, reference: Reference): void {
  const { name, goldens, logits: truth } = reference;
  const run = (way: Way) =>
    forcedLogits((shape: EngineShape) => model.engine(shape, way), goldens, way.shape, way.schedule);
  const again = run(ALONE).logits;
  const runs = waysFor(goldens).map((way) => ({ way, ...run(way) }));
  const alone = runs[0]!.logits;
  const noise = {
    fromRunToRun: marginNoise(truth, again, alone),
    fromWayToWay: Math.max(...runs.map(({ logits }) => marginNoise(truth, logits, alone))),
    fromFloat32: Math.max(...runs.map(({ logits }) => marginNoise(truth, logits, truth))),
  };
  const { fromRunToRun, fromWayToWay, fromFloat32 } = noise;
  process.stdout.write(
    `# ${type} ${name}, noise of the margins: ${fromRunToRun.toFixed(4)} from run to run, ${fromWayToWay.toFixed(4)} ` +
      `from way to way, ${fromFloat32.toFixed(4)} against float32\n`,
  );
  const threshold = NOISE_FACTOR * Math.max(...Object.values(noise));
  for (const { way, logits, numPreemptions } of runs) {
    const { compared, total, mismatch, meanLogprob, worstLogprob, errors } = compareForced(
      reference,
      logits,
      threshold,
    );
    const isClose = meanLogprob < MEAN_LOGPROB && errors.median < MEDIAN_ERROR[type];
    const parts = [
      `${share(compared, total)} at margins from ${threshold.toFixed(2)}`,
      mismatch ?? 'tokens equal',
      `logprob mean ${meanLogprob.toExponential(1)}, worst ${worstLogprob.toExponential(1)}`,
      `relative error of the logits ${describeSpread(errors)}`,
    ];
    const isOk = mismatch === null && isClose && compared >= LEAST_SHARE * total;
    report(way, `${type} ${name}`, isOk, numPreemptions, parts);
  }
}

function share(compared: number, total: number): string {
  return `${((100 * compared) / total).toFixed(1)} % of ${total} tokens compared`;
}

function report(way: Way, name: string, isOk: boolean, numPreemptions: number, parts: readonly string[]): void {
  const { preempts = false } = way;
  const all = preempts ? [...parts, `${numPreemptions} preemptions`] : parts;
  checks.report(`${name}, ${way.name}`, isOk && preempts === numPreemptions > 0, all.join(', '));
}

const wanted = process.argv.slice(2);
const references = [...FIXTURES.map((name) => () => fixtureReference(name)), shippedReference];
for (const makeReference of references) {
  const reference = await makeReference();
  for (const type of wanted.length > 0 ? wanted : ['f32', 'bf16']) {
    using model = await LocalCudaModel.load(reference.folder, type === 'f32' ? F32 : NARROW[type as NarrowName]);
    if (type === 'f32') checkFloat32(model, reference);
    else checkNarrow(model, type as NarrowName, reference);
  }
}
checks.finish();
