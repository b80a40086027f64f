import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceTokens } from '../../src/engine/device-tokens.ts';
import { HostTokens } from '../../src/engine/host-tokens.ts';
import { PagedStepBuffers } from '../../src/ranks/paged-step-buffers.ts';
import { packSampling } from '../../src/sampling/pack-sampling.ts';
import { Sampler } from '../../src/sampling/sampler.ts';
import type { SamplingParams } from '../../src/sampling/sampling-params.ts';
import { SequenceSampling } from '../../src/sampling/sequence-sampling.ts';
import { samplingParams } from '../sampling/params.ts';
import { anySampling } from '../support/random-sampling.ts';
import { packedViews, sampleLikeDevice } from '../support/sampling-oracle.ts';

const WIDTH = 77;
const VOCAB_SIZE = 70;
const EOS = 2;
const NUM_ROWS = 12;

function buffersFor(maxListEntries: number): PagedStepBuffers {
  const limits = { maxTokens: 16, maxSequences: 16, maxLogitRows: NUM_ROWS, maxBlocksPerSequence: 3 };
  const buffers = PagedStepBuffers.allocate({ ...limits, vocabSize: WIDTH }, maxListEntries)[0]!;
  const counts = {
    numTokens: 5,
    numLogitRows: 5,
    numSequences: 5,
    numDecodes: 5,
    firstFreshSequence: 5,
    firstFreshToken: 5,
    maxBlocks: 2,
  };
  buffers.begin({ ...counts, isReplayable: false, takesTokens: false });
  return buffers;
}

function sequenceOf(params: SamplingParams, prompt: readonly number[], output: readonly number[]): SequenceSampling {
  const sequence = new SequenceSampling(params, prompt, [EOS], { fallbackSeed: 1 });
  for (const tokenId of output) sequence.append(tokenId);
  return sequence;
}

const anyToken = fc.oneof(fc.integer({ min: 0, max: VOCAB_SIZE - 1 }), fc.constantFrom(65, 66, 67));
const anyTokens = fc.array(anyToken, { maxLength: 30 });
const anyRow = fc.record({
  params: anySampling(VOCAB_SIZE),
  prompt: anyTokens,
  output: anyTokens,
  eighths: fc.array(fc.oneof(fc.integer({ min: -60, max: 60 }), fc.constantFrom(40, 41)), {
    minLength: WIDTH,
    maxLength: WIDTH,
  }),
  flaw: fc.constantFrom(null, null, null, null, null, null, Number.NaN, Number.POSITIVE_INFINITY),
  isWanted: fc.constantFrom(true, true, true, false),
});

function outcome<T>(take: () => T): T | string {
  try {
    return take();
  } catch (error) {
    return (error as Error).constructor.name;
  }
}

describe('rows packed for the device', () => {
  it('are sampled like the sequences that they stand for', () => {
    const sampler = new Sampler({ logitsWidth: WIDTH, vocabSize: VOCAB_SIZE });
    let served = 0;
    let left = 0;
    const property = fc.property(
      fc.array(anyRow, { minLength: 1, maxLength: NUM_ROWS }),
      fc.constantFrom(0, 20, 1000),
      (rows, maxListEntries) => {
        const buffers = buffersFor(maxListEntries);
        const logits = rows.map(({ eighths, flaw }) => {
          const values = Float32Array.from(eighths, (value) => value / 8);
          if (flaw !== null) values[EOS + 1] = flaw;
          return values;
        });
        const wanted = rows.flatMap(({ params, prompt, output, isWanted }, row) =>
          isWanted ? [{ row, sampling: sequenceOf(params, prompt, output), constraint: null, numPending: 0 }] : [],
        );
        const host = new HostTokens(
          { logits: (row) => buffers.logits.subarray(row * WIDTH, (row + 1) * WIDTH) },
          sampler,
        );
        const device = new DeviceTokens([buffers.sampling!], host, VOCAB_SIZE);
        const tokens = device.begin(wanted, rows.length, 0);
        const rank = new PagedStepBuffers(buffers.memory);
        tokens.prepare();
        const all = Float32Array.from(logits.flatMap((values) => [...values]));
        const tensors = packedViews(rank, all);
        sampleLikeDevice(tensors, rows.length, WIDTH);
        const toHost = [...rows.keys()].filter((row) => tensors.validTokens[row] === 0);
        buffers.logits.fill(Number.NaN);
        for (const row of toHost) buffers.logits.set(logits[row]!, row * WIDTH);
        for (const row of wanted) {
          if (toHost.includes(row.row)) left++;
          else served++;
          const expected = outcome(() => sampler.sample(logits[row.row]!, row.sampling));
          const actual = outcome(() => tokens.sample(row));
          // A mask may hide a flaw from the host's sampler.
          if (rows[row.row]!.flaw !== null) continue;
          if (typeof expected === 'string' || typeof actual === 'string') {
            expect(actual).toBe(expected);
            continue;
          }
          expect(actual.tokenId).toBe(expected.tokenId);
          expect(actual.logprobs === null).toBe(expected.logprobs === null);
          if (actual.logprobs === null || expected.logprobs === null) continue;
          expect(actual.logprobs.top.map(({ tokenId }) => tokenId)).toEqual(
            expected.logprobs.top.map(({ tokenId }) => tokenId),
          );
          expect(actual.logprobs.logprob).toBeCloseTo(expected.logprobs.logprob, 4);
          actual.logprobs.top.forEach(({ logprob }, i) => {
            expect(logprob).toBeCloseTo(expected.logprobs!.top[i]!.logprob, 4);
          });
        }
        for (const row of rows.keys()) if (!wanted.some((other) => other.row === row)) expect(toHost).toContain(row);
      },
    );
    fc.assert(property, { numRuns: 700, seed: 5 });
    expect(served).toBeGreaterThan(1000);
    expect(left).toBeGreaterThan(300);
  });

  it('tell flawed logits from logits that leave nothing', () => {
    const buffers = buffersFor(10);
    const host = new HostTokens(
      { logits: () => new Float32Array(WIDTH) },
      new Sampler({ logitsWidth: WIDTH, vocabSize: VOCAB_SIZE }),
    );
    const device = new DeviceTokens([buffers.sampling!], host, VOCAB_SIZE);
    const nothing = { allowedTokenIds: [EOS], minTokens: 1 };
    const rows = [{}, nothing].map((overrides, row) => {
      return { row, sampling: sequenceOf(samplingParams(overrides), [], []), constraint: null, numPending: 0 };
    });
    const tokens = device.begin(rows, 2, 0);
    tokens.prepare();
    const logits = new Float32Array(2 * WIDTH).fill(Number.NaN, WIDTH - 1, WIDTH);
    sampleLikeDevice(packedViews(buffers, logits), 2, WIDTH);
    expect(rows.map((row) => outcome(() => tokens.sample(row)))).toEqual(['LogitsNotFiniteError', 'NoTokenLeftError']);
  });

  it('lie behind the inputs of the step, for one copy', () => {
    const buffers = buffersFor(100);
    const inputs = new Uint8Array(buffers.memory.inputs);
    const { end: endOfInputs } = buffers.sampling!;
    inputs.fill(7);
    const biased = { logitBias: [[3, 1] as const], temperature: 1, seed: -(2 ** 40) - 5 };
    const row = {
      row: 0,
      sampling: sequenceOf(samplingParams(biased), [], [4, 4, 4]),
      hasGrammar: false,
      numPending: 1,
    };
    packSampling(buffers.sampling!, [row], 1, VOCAB_SIZE);
    const { end, layout } = buffers.sampling!;
    expect(inputs.subarray(0, endOfInputs).every((byte) => byte === 7)).toBe(true);
    expect(inputs.subarray(end).every((byte) => byte === 7)).toBe(true);
    expect(end).toBeGreaterThan(endOfInputs);
    const integers = new BigInt64Array(buffers.memory.inputs);
    expect(integers[layout.offsets.seed / 8]).toBe(-(2n ** 40n) - 5n);
    expect(integers[layout.offsets.index / 8]).toBe(4n);
  });

  it('that need lists longer than there is room for are left to the host', () => {
    const buffers = buffersFor(4);
    const rowOf = (row: number, numBiases: number) => {
      const logitBias = Array.from({ length: numBiases }, (_, id) => [id, 1] as const);
      return { row, sampling: sequenceOf(samplingParams({ logitBias }), [], []), hasGrammar: false, numPending: 0 };
    };
    packSampling(buffers.sampling!, [rowOf(0, 3), rowOf(1, 2), rowOf(3, 1)], 5, VOCAB_SIZE);
    const { validTokens, biasStart } = buffers.sampling!.inputs;
    expect([...validTokens]).toEqual([VOCAB_SIZE, 0, 0, VOCAB_SIZE, 0]);
    expect([...biasStart]).toEqual([0, 3, 3, 3, 4, 4]);
  });
});
