import { expect, it } from 'vitest';
import { DeviceBuffer } from '../../src/cuda/device-buffer.ts';
import { CudaSampling } from '../../src/ranks/cuda-sampling.ts';
import { PagedStepBuffers } from '../../src/ranks/paged-step-buffers.ts';
import { packSampling } from '../../src/sampling/pack-sampling.ts';
import type { SamplingParams } from '../../src/sampling/sampling-params.ts';
import { SequenceSampling } from '../../src/sampling/sequence-sampling.ts';
import { samplingParams } from '../sampling/params.ts';
import { FakeGpu } from '../support/fake-gpu.ts';

const WIDTH = 40;
const MAX_ROWS = 6;

/** Copies and launches of one step whose rows have these parameters; null: a row that no token is wanted from. */
function step(rows: readonly (Partial<SamplingParams> | null)[], { isMasked = false } = {}) {
  const gpu = new FakeGpu();
  const { device, stream } = gpu;
  const limits = { maxTokens: 8, maxSequences: 8, maxLogitRows: MAX_ROWS, maxBlocksPerSequence: 1, vocabSize: WIDTH };
  const buffers = PagedStepBuffers.allocate(limits, 16)[0]!;
  const inputs = new DeviceBuffer(device.driver, buffers.memory.inputs.byteLength);
  const logits = new DeviceBuffer(device.driver, 4 * MAX_ROWS * WIDTH);
  const sampling = new CudaSampling(buffers, { device, stream, inputs, logits });
  const warmUpLaunches = gpu.numLaunches;
  logits.upload(new Uint8Array(Float32Array.from({ length: MAX_ROWS * WIDTH }, (_, i) => i).buffer), stream);

  const counts = {
    numTokens: 4,
    numLogitRows: 4,
    numSequences: 4,
    numDecodes: 4,
    firstFreshSequence: 4,
    firstFreshToken: 4,
    maxBlocks: 1,
  };
  buffers.begin({ ...counts, isReplayable: false, takesTokens: false });
  const wanted = rows.flatMap((params, row) => {
    if (params === null) return [];
    const sequence = new SequenceSampling(samplingParams(params), [], [0], { fallbackSeed: 1 });
    return [{ row, sampling: sequence, hasGrammar: isMasked, numPending: 0 }];
  });
  const masked = packSampling(buffers.sampling!, wanted, rows.length, WIDTH);
  inputs.upload(new Uint8Array(buffers.memory.inputs, 0, buffers.sampling!.end), stream);
  let waited = 0;
  sampling.run(buffers, () => {
    waited++;
    masked.forEach((_, index) => {
      buffers.sampling!.mask(index).fill(0)[0] = 1 << (index + 3);
    });
  });
  sampling[Symbol.dispose]();
  inputs[Symbol.dispose]();
  logits[Symbol.dispose]();
  const { bytesDown, numBlocks } = gpu;
  const launches = gpu.numLaunches - warmUpLaunches;
  return {
    tokens: [...buffers.sampling!.results().token],
    logits: buffers.logits,
    bytesDown,
    launches,
    waited,
    numBlocks,
  };
}

/** Token, log-probability and rank of up to four rows. */
const SHORT_RESULTS = 48;

it('copies chosen tokens back, and no logits', () => {
  const { tokens, bytesDown, launches, waited, numBlocks } = step([{}, {}, { logprobs: 0 }]);
  expect(tokens).toEqual([WIDTH - 1, WIDTH - 1, WIDTH - 1]);
  expect([bytesDown, launches, waited]).toEqual([SHORT_RESULTS, 1, 0]);
  expect(numBlocks).toBe(0);
});

it('copies the lists too where a row asks for them', () => {
  expect(step([{}, { logprobs: 1 }, {}, {}]).bytesDown).toBe(SHORT_RESULTS + 2 * 4 * 20 * 4);
});

it('copies the logits of the rows that it leaves to the host, to their places', () => {
  const listed = { logprobs: 0, logprobTokenIds: [3] };
  const { logits, bytesDown, tokens } = step([{}, null, listed, {}]);
  expect(bytesDown).toBe(SHORT_RESULTS + 4 * 2 * WIDTH);
  expect(tokens).toEqual([WIDTH - 1, -2, -2, WIDTH - 1]);
  const expected = Array.from({ length: MAX_ROWS * WIDTH }, (_, i) => (i >= WIDTH && i < 3 * WIDTH ? i : 0));
  expect([...logits]).toEqual(expected);
});

it('waits for masks, and for nothing else', () => {
  expect(step([{}, {}], { isMasked: true })).toMatchObject({ tokens: [3, 4], waited: 1 });
  expect(step([{ logitBias: [[1, 100]] }, {}])).toMatchObject({ tokens: [1, WIDTH - 1], waited: 0 });
});

it('does nothing for a step without rows', () => {
  expect(step([])).toMatchObject({ bytesDown: 0, launches: 0, waited: 0 });
});
