// Times of steps on a GPU, without scheduler or HTTP: dummy weights in DeepSeek-V2-Lite's shape. Decode steps sample on the GPU, greedily,
// and follow one another as the engine lets them: each is started before the one before it is done. Tokens are random, so that routing is
// as spread as it can be. A prefill step, of prompts as long as the context, stands alone.
// node bench/cuda/steps.ts [--layers N] [--context N] [--prefill N] [--kernels auto|portable] [--quantization none|int8]
// [--kv-cache-dtype auto|fp8|int8] [--profile] BATCH...     (Node 24, no development dependency)
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CudaDevice } from '../../src/cuda/device.ts';
import { cudaFolder, findCudaRuntime } from '../../src/cuda/libraries.ts';
import { parseDeepseekV2Config } from '../../src/deepseek-v2/parse-config.ts';
import { ONNX_RUNTIME_VERSION, openOnnxRuntime, packagedLibraryPath } from '../../src/onnxruntime/library.ts';
import { makeDummyWeights } from '../../src/packing/dummy-weights.ts';
import { CudaRank } from '../../src/ranks/cuda-rank.ts';
import { PagedStepBuffers } from '../../src/ranks/paged-step-buffers.ts';
import type { RankGroup } from '../../src/ranks/rank-group.ts';
import { PagedRunner } from '../../src/runner/paged-runner.ts';
import type { WorkEntry } from '../../src/runner/step-work.ts';
import { packSampling } from '../../src/sampling/pack-sampling.ts';
import { GREEDY_SAMPLING } from '../../src/sampling/sampling-params.ts';
import { SequenceSampling } from '../../src/sampling/sequence-sampling.ts';
import { V2_LITE } from '../../test/deepseek-v2/published-configs.ts';

const BLOCK_SIZE = 64;
const MAX_LIST_ENTRIES = 1024;
const WARM_UP_STEPS = 4;
const KV_CACHE_DTYPES = ['auto', 'fp8', 'int8'] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    layers: { type: 'string', default: '27' },
    context: { type: 'string', default: '1024' },
    prefill: { type: 'string', default: '8192' },
    steps: { type: 'string', default: '30' },
    kernels: { type: 'string', default: 'auto' },
    quantization: { type: 'string', default: 'none' },
    'kv-cache-dtype': { type: 'string', default: 'auto' },
    profile: { type: 'boolean', default: false },
    'profile-prefill': { type: 'boolean', default: false },
    cache: { type: 'string', default: path.join(tmpdir(), 'latent-serve-bench') },
  },
});
const precision = { stream: 'bf16', experts: values.quantization === 'int8' ? 'u8' : 'f16' } as const;
const kvCacheDtype = KV_CACHE_DTYPES.find((name) => name === values['kv-cache-dtype']);
if (kvCacheDtype === undefined) throw new Error(`--kv-cache-dtype is one of ${KV_CACHE_DTYPES.join(', ')}`);
const batches = positionals.length > 0 ? positionals.map(Number) : [1, 8, 64, 256];
const context = Number(values.context);
const prefill = Number(values.prefill);
const print = (text: string): boolean => process.stdout.write(`${text}\n`);

const config = parseDeepseekV2Config({ ...V2_LITE, num_hidden_layers: Number(values.layers) }, 'v2-lite');
const device = new CudaDevice(0);
print(
  `${device.name}, ${config.numLayers} layers, ${precision.stream}, quantization ${values.quantization}, latents ${kvCacheDtype}, ${context} tokens of context`,
);
let begin = performance.now();
const packed = await makeDummyWeights({ config, precision, cacheRoot: values.cache });
print(`dummy weights: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
begin = performance.now();
const runtime = openOnnxRuntime(findCudaRuntime(cudaFolder(values.cache, ONNX_RUNTIME_VERSION), packagedLibraryPath()));
const rank = new CudaRank(runtime, device, {
  config,
  precision,
  kvCacheDtype,
  kernels: values.kernels === 'portable' ? 'portable' : 'auto',
  folder: packed.folder,
  weightsFile: packed.weightsFile,
  weights: packed.tensors,
  blockSize: BLOCK_SIZE,
});
const { free, total } = device.memory();
print(
  `loaded: ${((performance.now() - begin) / 1000).toFixed(1)} s, ${((total - free) / 2 ** 30).toFixed(1)} GiB used`,
);

const blocksEach = Math.ceil((context + 1) / BLOCK_SIZE);
const numPrompts = Math.ceil(prefill / context);
const largest = Math.max(...batches, numPrompts);
const numBlocks = blocksEach * largest;
const limits = {
  maxTokens: Math.max(largest, prefill),
  maxSequences: largest,
  maxLogitRows: largest,
  maxBlocksPerSequence: blocksEach,
  vocabSize: config.vocabSize,
};
const buffers = PagedStepBuffers.allocate(limits, MAX_LIST_ENTRIES, 2);
rank.attach(numBlocks, buffers);
const ranks: RankGroup<readonly PagedStepBuffers[]> = {
  buffers: [buffers],
  submit: () => rank.begin(() => {}),
  wait: () => rank.finish(),
  stop: () => rank[Symbol.dispose](),
};
const runner = new PagedRunner(ranks, { blockSize: BLOCK_SIZE, decodeBuckets: batches });

let seed = 1;
const randomToken = (): number => {
  seed = (seed * 1103515245 + 12345) % 2 ** 31;
  return seed % config.vocabSize;
};
const blocks = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);
const entryOf = (start: number, count: number, blockTable: readonly number[]): WorkEntry => ({
  sequence: { tokenAt: randomToken },
  start,
  count,
  blockTable,
  samples: true,
  wantsAllRows: false,
});

const greedy = new SequenceSampling(GREEDY_SAMPLING, [], [], { fallbackSeed: 1 });

/** Starts a step that samples greedily. */
function start(entries: readonly WorkEntry[]): void {
  const numTokens = entries.reduce((sum, { count }) => sum + count, 0);
  runner.start({ entries, numTokens }, (written, slot) => {
    const rows = written.map(({ firstRow }) => ({ row: firstRow, sampling: greedy, hasGrammar: false, numPending: 0 }));
    packSampling(buffers[slot]!.sampling!, rows, rows.length, config.vocabSize);
  });
}

/** Milliseconds of a decode step among others, the first ones (capture, tactics) left out. */
function timeDecodes(entries: readonly WorkEntry[], steps: number): number {
  let begin = 0;
  start(entries);
  for (let step = 0; step < steps + WARM_UP_STEPS; step++) {
    if (step === WARM_UP_STEPS) begin = performance.now();
    start(entries);
    runner.wait();
  }
  const elapsed = performance.now() - begin;
  runner.wait();
  if (values.profile) profile(entries);
  return elapsed / steps;
}

/** One step for a profiler that records between cuProfilerStart and cuProfilerStop. */
function profile(entries: readonly WorkEntry[]): void {
  device.driver.call('cuProfilerStart');
  start(entries);
  runner.wait();
  device.driver.call('cuProfilerStop');
}

/** Median milliseconds of a step that is waited for. */
function timeAlone(entries: readonly WorkEntry[], steps: number): number {
  const times: number[] = [];
  for (let step = 0; step < steps + WARM_UP_STEPS; step++) {
    const at = performance.now();
    start(entries);
    runner.wait();
    if (step >= WARM_UP_STEPS) times.push(performance.now() - at);
  }
  if (values['profile-prefill']) profile(entries);
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

/** Prompts of `context` tokens, the last one of what is left of `numTokens`. */
function prompts(firstSequence: number, numTokens: number): WorkEntry[] {
  return Array.from({ length: Math.ceil(numTokens / context) }, (_, i) => {
    const table = blocks((firstSequence + i) * blocksEach, blocksEach);
    return entryOf(0, Math.min(context, numTokens - i * context), table);
  });
}

// Fills the cache with what the model itself writes.
for (let first = 0; first < largest; first += numPrompts) {
  start(prompts(first, Math.min(prefill, (largest - first) * context)));
  runner.wait();
}
for (const batch of batches) {
  const entries = Array.from({ length: batch }, (_, i) => entryOf(context, 1, blocks(i * blocksEach, blocksEach)));
  const ms = timeDecodes(entries, Number(values.steps));
  print(`decode ${batch}: ${ms.toFixed(2)} ms, ${((1000 * batch) / ms).toFixed(0)} tokens/s`);
}
const ms = timeAlone(prompts(0, prefill), 5);
print(
  `prefill ${prefill} in ${numPrompts} prompts: ${ms.toFixed(1)} ms, ${((1000 * prefill) / ms).toFixed(0)} tokens/s`,
);
ranks.stop();
