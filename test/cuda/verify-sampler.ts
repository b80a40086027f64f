import { CudaDevice } from '../../src/cuda/device.ts';
import { DeviceBuffer } from '../../src/cuda/device-buffer.ts';
import { DeviceSampler } from '../../src/cuda/device-sampler.ts';
import { MAX_TOP_LOGPROBS } from '../../src/cuda/max-top-logprobs.ts';
import { Sampler } from '../../src/sampling/sampler.ts';
import { GREEDY_SAMPLING, type SamplingParams } from '../../src/sampling/sampling-params.ts';
import { SequenceSampling } from '../../src/sampling/sequence-sampling.ts';

type Report = (name: string, isOk: boolean, detail: string) => void;

/** Ways to sample, one after another over the rows. */
const WAYS: readonly Partial<SamplingParams>[] = [
  {},
  { temperature: 1 },
  { temperature: 0.8, topK: 50, topP: 0.9, minP: 0.02 },
  { temperature: 1.2, topP: 0.8 },
  { temperature: 1, topK: 500 },
  { temperature: 0.7, repetitionPenalty: 1.2, presencePenalty: 0.5, frequencyPenalty: 0.3 },
  {
    temperature: 1,
    minP: 0.1,
    logitBias: [
      [3, 5],
      [900, -100],
      [77, 2.5],
    ],
  },
];

/** DeviceSampler chooses the tokens of the CPU sampler, with its log-probabilities. */
export function verifySampler(report: Report): void {
  for (const [vocabSize, numRows] of [
    [6144, 28],
    [102_400, 28],
    [102_400, 70],
  ] as const) {
    verifyRows(vocabSize, numRows, report);
  }
}

function verifyRows(vocabSize: number, numRows: number, report: Report): void {
  using device = new CudaDevice(0);
  const stream = device.createStream();
  using sampler = new DeviceSampler(device, { vocabSize, maxRows: numRows });
  const buffers: DeviceBuffer[] = [];
  const upload = (data: ArrayBufferView<ArrayBuffer>): bigint => {
    const buffer = new DeviceBuffer(device.driver, Math.max(16, data.byteLength));
    buffers.push(buffer);
    if (data.byteLength > 0) buffer.upload(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), stream);
    return buffer.address;
  };
  const output = (bytes: number): DeviceBuffer => {
    const buffer = new DeviceBuffer(device.driver, bytes);
    buffers.push(buffer);
    return buffer;
  };

  let state = 12_345 + vocabSize + numRows;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const logits = Float32Array.from(
    { length: numRows * vocabSize },
    () => 2.2 * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random()),
  );
  const valid = vocabSize - 5;
  const sequences = Array.from({ length: numRows }, (_, row) => {
    const params = {
      ...GREEDY_SAMPLING,
      ...WAYS[row % WAYS.length]!,
      seed: row * 31 - 7,
      logprobs: row % 3 === 0 ? 5 : null,
    };
    const sequence = new SequenceSampling(params, [1, 2, 3, row], [0], { fallbackSeed: 0 });
    for (let i = 0; i < row % 5; i++) sequence.append((row * 13 + i * i) % valid);
    return sequence;
  });
  const f32 = (pick: (p: SamplingParams) => number): bigint =>
    upload(Float32Array.from(sequences, (s) => pick(s.params)));
  const i32 = (pick: (s: SequenceSampling) => number): bigint => upload(Int32Array.from(sequences, pick));
  const starts = (count: (s: SequenceSampling) => number): bigint => {
    let sum = 0;
    return upload(Int32Array.from([0, ...sequences.map((s) => (sum += count(s)))]));
  };
  const token = output(4 * numRows);
  const logprob = output(4 * numRows);
  const rank = output(4 * numRows);
  sampler.sample(
    {
      logits: upload(logits),
      validTokens: i32(() => valid),
      maskRow: i32(() => -1),
      mask: upload(new Uint32Array(4)),
      biasStart: starts((s) => s.params.logitBias.length),
      biasToken: upload(Int32Array.from(sequences.flatMap((s) => s.params.logitBias.map(([id]) => id)))),
      biasValue: upload(Float32Array.from(sequences.flatMap((s) => s.params.logitBias.map(([, value]) => value)))),
      historyStart: starts((s) => s.seenTokenIds.length),
      historyToken: upload(Int32Array.from(sequences.flatMap((s) => s.seenTokenIds))),
      historyCount: upload(Int32Array.from(sequences.flatMap((s) => s.outputCounts.map((count) => 2 * count + 1)))),
      repetitionPenalty: f32((p) => p.repetitionPenalty),
      presencePenalty: f32((p) => p.presencePenalty),
      frequencyPenalty: f32((p) => p.frequencyPenalty),
      temperature: f32((p) => p.temperature),
      topK: i32((s) => s.params.topK),
      topP: f32((p) => p.topP),
      minP: f32((p) => p.minP),
      seed: upload(BigInt64Array.from(sequences, (s) => BigInt(s.seed))),
      index: upload(BigInt64Array.from(sequences, (s) => BigInt(s.numOutputTokens))),
      topLogprobs: i32((s) => s.params.logprobs ?? -1),
      token: token.address,
      logprob: logprob.address,
      rank: rank.address,
      topToken: output(4 * numRows * MAX_TOP_LOGPROBS).address,
      topLogprob: output(4 * numRows * MAX_TOP_LOGPROBS).address,
    },
    numRows,
    stream,
  );
  const tokens = new Int32Array(numRows);
  const logprobs = new Float32Array(numRows);
  const ranks = new Int32Array(numRows);
  for (const [buffer, into] of [
    [token, tokens],
    [logprob, logprobs],
    [rank, ranks],
  ] as const) {
    void into.buffer;
    buffer.download(into, stream);
  }
  device.synchronize(stream);
  const oracle = new Sampler({ logitsWidth: vocabSize, vocabSize: valid });
  const differing = sequences.filter((sequence, row) => {
    const wanted = oracle.sample(logits.subarray(row * vocabSize, (row + 1) * vocabSize), sequence);
    if (wanted.tokenId !== tokens[row]) return true;
    return (
      wanted.logprobs !== null &&
      (Math.abs(wanted.logprobs.logprob - logprobs[row]!) > 1e-3 || wanted.logprobs.rank !== ranks[row])
    );
  });
  const detail = `${differing.length} of ${numRows} rows differ from the CPU sampler`;
  report(`sampler, ${numRows} x ${vocabSize}`, differing.length === 0, detail);
  for (const buffer of buffers) buffer[Symbol.dispose]();
  device.destroyStream(stream);
}
