// Times of single steps on a GPU, without scheduler, sampling or HTTP: dummy weights in DeepSeek-V2-Lite's shape.
// node bench/cuda/steps.ts [--layers N] [--context N] [--prefill N] [--kernels auto|portable] [--profile] BATCH...     (Node 24, no development dependency)
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CudaDevice } from '../../src/cuda/device.ts';
import { cudaFolder, findCudaRuntime } from '../../src/cuda/libraries.ts';
import { parseDeepseekV2Config } from '../../src/deepseek-v2/parse-config.ts';
import { ONNX_RUNTIME_VERSION, openOnnxRuntime, packagedLibraryPath } from '../../src/onnxruntime/library.ts';
import { makeDummyWeights } from '../../src/packing/dummy-weights.ts';
import { CudaRank } from '../../src/ranks/cuda-rank.ts';
import { LocalRankGroup } from '../../src/ranks/local-rank-group.ts';
import { PagedStepBuffers } from '../../src/ranks/paged-step-buffers.ts';
import { PagedRunner } from '../../src/runner/paged-runner.ts';
import type { WorkEntry } from '../../src/runner/step-work.ts';
import { V2_LITE } from '../../test/deepseek-v2/published-configs.ts';

const BLOCK_SIZE = 64;
const PRECISION = { stream: 'bf16', experts: 'f16' } as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    layers: { type: 'string', default: '27' },
    context: { type: 'string', default: '1024' },
    prefill: { type: 'string', default: '2048' },
    steps: { type: 'string', default: '30' },
    kernels: { type: 'string', default: 'auto' },
    // One step of each batch size is marked for a profiler that records between cuProfilerStart and cuProfilerStop.
    profile: { type: 'boolean', default: false },
    cache: { type: 'string', default: path.join(tmpdir(), 'latent-serve-bench') },
  },
});
const batches = positionals.length > 0 ? positionals.map(Number) : [1, 8, 64, 256];
const context = Number(values.context);
const prefill = Number(values.prefill);
const print = (text: string): boolean => process.stdout.write(`${text}\n`);

const config = parseDeepseekV2Config({ ...V2_LITE, num_hidden_layers: Number(values.layers) }, 'v2-lite');
const device = new CudaDevice(0);
print(`${device.name}, ${config.numLayers} layers, ${PRECISION.stream}, ${context} tokens of context`);
let begin = performance.now();
const packed = await makeDummyWeights({ config, precision: PRECISION, cacheRoot: values.cache });
print(`dummy weights: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
begin = performance.now();
const runtime = openOnnxRuntime(findCudaRuntime(cudaFolder(values.cache, ONNX_RUNTIME_VERSION), packagedLibraryPath()));
const rank = new CudaRank(runtime, device, {
  config,
  precision: PRECISION,
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
const largest = Math.max(...batches, 1);
const numBlocks = Math.max(blocksEach * largest, Math.ceil(prefill / BLOCK_SIZE));
const buffers = PagedStepBuffers.allocate({
  maxTokens: Math.max(largest, prefill),
  maxSequences: largest,
  maxLogitRows: largest,
  maxBlocksPerSequence: Math.max(blocksEach, Math.ceil(prefill / BLOCK_SIZE)),
  vocabSize: config.vocabSize,
});
rank.attach(numBlocks, buffers);
const runner = new PagedRunner(new LocalRankGroup(rank, buffers), { blockSize: BLOCK_SIZE, decodeBuckets: batches });

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

/** Median milliseconds of a step, the first ones (capture, tactics) left out. */
function time(entries: readonly WorkEntry[], steps: number): number {
  const work = { entries, numTokens: entries.reduce((sum, { count }) => sum + count, 0) };
  const times: number[] = [];
  for (let step = 0; step < steps + 4; step++) {
    const at = performance.now();
    runner.start(work);
    runner.wait();
    if (step >= 4) times.push(performance.now() - at);
  }
  if (values.profile) {
    device.driver.call('cuProfilerStart');
    runner.start(work);
    runner.wait();
    device.driver.call('cuProfilerStop');
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

// Fills the cache with what the model itself writes.
for (let first = 0; first < numBlocks; first += Math.ceil(prefill / BLOCK_SIZE)) {
  const count = Math.min(Math.ceil(prefill / BLOCK_SIZE), numBlocks - first);
  runner.start({
    entries: [entryOf(0, Math.min(prefill, count * BLOCK_SIZE), blocks(first, count))],
    numTokens: Math.min(prefill, count * BLOCK_SIZE),
  });
  runner.wait();
}
for (const batch of batches) {
  const entries = Array.from({ length: batch }, (_, i) => entryOf(context, 1, blocks(i * blocksEach, blocksEach)));
  const ms = time(entries, Number(values.steps));
  print(`decode ${batch}: ${ms.toFixed(2)} ms, ${((1000 * batch) / ms).toFixed(0)} tokens/s`);
}
const ms = time([entryOf(0, prefill, blocks(0, Math.ceil(prefill / BLOCK_SIZE)))], 3);
print(`prefill ${prefill}: ${ms.toFixed(1)} ms, ${((1000 * prefill) / ms).toFixed(0)} tokens/s`);
rank[Symbol.dispose]();
