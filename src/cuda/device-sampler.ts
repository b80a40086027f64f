import { invariant } from '../errors.ts';
import type { CudaDevice } from './device.ts';
import { DeviceBuffer } from './device-buffer.ts';
import type { Pointer } from './driver.ts';
import { KernelModules } from './kernel-modules.ts';
import { MAX_TOP_LOGPROBS } from './max-top-logprobs.ts';

/** Rows up to which a row is spread over 8 blocks; beyond, over 2. */
const MAX_ROWS_BY_8 = 32;
/** A block holds a row of a small vocabulary. */
const SMALL_VOCABULARY = 16_384;
const MAX_SHARED_BYTES = 232_448;
const FLOAT_BYTES = 4;
const TAKE_FILE = 'portable-take-tokens.ptx';
const TAKE_THREADS = 256;

/** The kernels: blocks of a row (a cluster), threads of a block, whether the logits lie in a workspace and not in shared memory. */
const VARIANTS = {
  sample1: { file: 'portable-sampler.ptx', cluster: 1, threads: 256, isGlobal: false },
  sampleAny: { file: 'portable-sampler.ptx', cluster: 1, threads: 1024, isGlobal: true },
  sample2: { file: 'hopper-sampler.cubin', cluster: 2, threads: 1024, isGlobal: false },
  sample4: { file: 'hopper-sampler.cubin', cluster: 4, threads: 512, isGlobal: false },
  sample8: { file: 'hopper-sampler.cubin', cluster: 8, threads: 256, isGlobal: false },
} as const;
type Variant = keyof typeof VARIANTS;

/**
 * Addresses in device memory; an entry a row unless said otherwise, B rows. Parameters mean what they do in
 * sampling/sampling-params.ts; the lists (CSR) name each token once a row, in any order, and ids outside the vocabulary are
 * ignored.
 */
export interface SamplerTensors {
  /** f32 [B, vocabSize]; not changed */
  readonly logits: Pointer;
  /** i32: ids from here on are padding, never sampled nor listed; 0: the row is not used. */
  readonly validTokens: Pointer;
  /** i32: row of `mask`, -1: none */
  readonly maskRow: Pointer;
  /** u32 [masks, ceil(vocabSize / 32)], bit 1: allowed */
  readonly mask: Pointer;
  /** i32 [B + 1], then i32 and f32 per entry: logit bias */
  readonly biasStart: Pointer;
  readonly biasToken: Pointer;
  readonly biasValue: Pointer;
  /** i32 [B + 1], then i32 and i32 per entry: tokens that a penalty may touch; count in the output * 2 + (occurs in the prompt) */
  readonly historyStart: Pointer;
  readonly historyToken: Pointer;
  readonly historyCount: Pointer;
  /** f32 each; 1, 0, 0: off */
  readonly repetitionPenalty: Pointer;
  readonly presencePenalty: Pointer;
  readonly frequencyPenalty: Pointer;
  /** f32; 0: greedy */
  readonly temperature: Pointer;
  /** i32; 0: off */
  readonly topK: Pointer;
  /** f32 each; 1, 0: off */
  readonly topP: Pointer;
  readonly minP: Pointer;
  /** u64 each: the draw's seed, and its index, which is the number of output tokens (sampling/random.ts) */
  readonly seed: Pointer;
  readonly index: Pointer;
  /** i32: -1: no log-probabilities; 0 to MAX_TOP_LOGPROBS: also the rank, and so many of the likeliest */
  readonly topLogprobs: Pointer;
  /** i32, written: the chosen id; -1: NaN or an infinite logit; -2: no token is allowed, or the row is not used */
  readonly token: Pointer;
  /** f32, written: log-probability of the chosen token under the raw logits */
  readonly logprob: Pointer;
  /** i32, written: tokens whose raw logit is at least the chosen one's; 0 where not asked for */
  readonly rank: Pointer;
  /** i32 and f32 [B, MAX_TOP_LOGPROBS], written as far as asked for: the likeliest first; -1 and -Infinity where there are fewer */
  readonly topToken: Pointer;
  readonly topLogprob: Pointer;
}

const ORDER = [
  'logits',
  'validTokens',
  'maskRow',
  'mask',
  'biasStart',
  'biasToken',
  'biasValue',
  'historyStart',
  'historyToken',
  'historyCount',
  'repetitionPenalty',
  'presencePenalty',
  'frequencyPenalty',
  'temperature',
  'topK',
  'topP',
  'minP',
  'seed',
  'index',
  'topLogprobs',
  'token',
  'logprob',
  'rank',
  'topToken',
  'topLogprob',
] as const satisfies readonly (keyof SamplerTensors)[];

/** Tokens of a step that the step before has chosen (kernels/portable/take-tokens.cu). */
export interface TakenTokens {
  /** i64 [T], written where `sources` says so */
  readonly tokenIds: Pointer;
  /** i32 [T]: row of `chosen`, negative: none */
  readonly sources: Pointer;
  /** i32: {@link SamplerTensors.token} of the step before */
  readonly chosen: Pointer;
}

/**
 * Sampling on the GPU (kernels/portable/sampler-row.cuh), in the order of sampling/sampler.ts: bias, penalties, mask, temperature,
 * min_p, top_k, top_p, a draw. One launch, which can be captured. A row's result is the same in any batch.
 */
export class DeviceSampler implements Disposable {
  readonly #device: CudaDevice;
  readonly #modules: KernelModules;
  readonly #vocabSize: number;
  readonly #isHopper: boolean;
  readonly #maxRows: number;
  #workspace: DeviceBuffer | null = null;

  /** @param maxRows rows of one call at most */
  constructor(device: CudaDevice, { vocabSize, maxRows }: { vocabSize: number; maxRows: number }) {
    this.#device = device;
    this.#modules = new KernelModules(device.driver);
    this.#vocabSize = vocabSize;
    this.#maxRows = maxRows;
    const [major, minor] = device.computeCapability;
    this.#isHopper = major === 9 && minor === 0;
  }

  /** Enqueues the sampling of `numRows` rows. @throws CudaError */
  sample(tensors: SamplerTensors, numRows: number, stream: Pointer): void {
    invariant(numRows > 0 && numRows <= this.#maxRows, `${numRows} rows, of ${this.#maxRows} at most`);
    const name = this.#variantFor(numRows);
    const { file, cluster, threads, isGlobal } = VARIANTS[name];
    const { segment, chunk } = this.#split(name);
    const module = this.#modules.get(file);
    const shared = module.sharedBytes(name) + (isGlobal ? 0 : chunk * FLOAT_BYTES);
    const workspace = isGlobal ? this.#workspaceFor(chunk) : 0n;
    module.launch(name, { grid: [numRows * cluster], block: threads, shared, stream }, (into) =>
      into
        .pointers(...ORDER.map((tensor) => tensors[tensor]), 0n, workspace)
        .ints(numRows, this.#vocabSize, chunk, segment, MAX_TOP_LOGPROBS, 1),
    );
  }

  /** Enqueues the copying of chosen tokens into the next step's inputs. @throws CudaError */
  takeTokens({ tokenIds, sources, chosen }: TakenTokens, numTokens: number, stream: Pointer): void {
    const launch = { grid: [Math.ceil(numTokens / TAKE_THREADS)], block: TAKE_THREADS, stream } as const;
    this.#modules
      .get(TAKE_FILE)
      .launch('takeTokens', launch, (into) => into.pointers(tokenIds, sources, chosen).ints(numTokens));
  }

  [Symbol.dispose](): void {
    this.#workspace?.[Symbol.dispose]();
    this.#modules[Symbol.dispose]();
  }

  #variantFor(numRows: number): Variant {
    if (this.#vocabSize <= SMALL_VOCABULARY && this.#fits('sample1')) return 'sample1';
    if (!this.#isHopper) return 'sampleAny';
    const byRows = numRows <= MAX_ROWS_BY_8 ? (['sample8'] as const) : (['sample2', 'sample4', 'sample8'] as const);
    return byRows.find((name) => this.#fits(name)) ?? 'sampleAny';
  }

  #fits(name: Variant): boolean {
    const fixed = this.#modules.get(VARIANTS[name].file).sharedBytes(name);
    return fixed + this.#split(name).chunk * FLOAT_BYTES <= MAX_SHARED_BYTES;
  }

  /** Logits that a warp and that a block look after. */
  #split(name: Variant): { segment: number; chunk: number } {
    const { cluster, threads } = VARIANTS[name];
    const warps = threads / 32;
    const segment = 4 * Math.ceil(this.#vocabSize / (cluster * warps * 4));
    return { segment, chunk: segment * warps };
  }

  #workspaceFor(chunk: number): Pointer {
    this.#workspace ??= new DeviceBuffer(this.#device.driver, this.#maxRows * chunk * FLOAT_BYTES);
    return this.#workspace.address;
  }
}
