import { MAX_TOP_LOGPROBS } from '../cuda/max-top-logprobs.ts';
import { invariant } from '../errors.ts';
import type { SamplingBuffers, SamplingResults } from '../ranks/sampling-buffers.ts';
import { isServed, packSampling, type RowSampling } from '../sampling/pack-sampling.ts';
import type { SampledToken } from '../sampling/sampler.ts';
import { LogitsNotFiniteError, NoTokenLeftError } from '../sampling/sampling-error.ts';
import type { TokenLogprobs } from '../sampling/sampling-params.ts';
import { writeTokenMask } from '../sampling/token-mask.ts';
import type { StepTokens, TokenRow, TokenSource } from './token-source.ts';

/** In place of a token: what cuda/device-sampler.ts found instead. */
const BAD_LOGITS = -1;
const NOTHING_ALLOWED = -2;

interface PackedRow extends TokenRow, RowSampling {}

/**
 * The device samples as part of the step, so that logits stay where they are. Rows with wishes that it cannot serve are
 * sampled on the host, from their logits alone.
 */
export class DeviceTokens implements TokenSource {
  readonly #slots: readonly SamplingBuffers[];
  readonly #host: TokenSource;
  readonly #vocabSize: number;

  /**
   * @param slots of the devices' memory
   * @param host for what the device cannot serve
   * @param vocabSize ids below this exist
   */
  constructor(slots: readonly SamplingBuffers[], host: TokenSource, vocabSize: number) {
    this.#slots = slots;
    this.#host = host;
    this.#vocabSize = vocabSize;
  }

  begin(rows: readonly TokenRow[], numRows: number, slot: number): StepTokens {
    const buffers = this.#slots[slot];
    invariant(buffers, `the device has no slot ${slot}`);
    const host = this.#host.begin(rows, numRows, slot);
    return new DeviceStepTokens(buffers, host, { rows, numRows, vocabSize: this.#vocabSize });
  }

  canChooseUnseen({ sampling, constraint }: Pick<TokenRow, 'sampling' | 'constraint'>): boolean {
    return constraint === null && !sampling.dependsOnOutput && isServed(sampling.params);
  }
}

interface DeviceStep {
  readonly rows: readonly TokenRow[];
  readonly numRows: number;
  readonly vocabSize: number;
}

class DeviceStepTokens implements StepTokens {
  readonly areChosenUnseen: boolean;
  readonly #buffers: SamplingBuffers;
  readonly #host: StepTokens;
  readonly #vocabSize: number;
  /** In the order of their masks. */
  readonly #masked: readonly PackedRow[];
  readonly #validTokens: Int32Array;
  readonly #results: SamplingResults;

  constructor(buffers: SamplingBuffers, host: StepTokens, { rows, numRows, vocabSize }: DeviceStep) {
    this.#buffers = buffers;
    this.#host = host;
    this.#vocabSize = vocabSize;
    const packed = rows.map((row) => ({ ...row, hasGrammar: row.constraint !== null }));
    this.#masked = packSampling(buffers, packed, numRows, vocabSize);
    this.#validTokens = buffers.inputs.validTokens;
    this.#results = buffers.results();
    this.areChosenUnseen = rows.length === numRows && this.#validTokens.every((valid) => valid !== 0);
  }

  prepare(): void {
    this.#host.prepare();
    this.#masked.forEach(({ sampling, constraint }, index) => {
      // Whatever a failed grammar allows: nobody takes the token.
      const grammarMask = constraint === null || constraint.hasFailed ? null : constraint.mask;
      writeTokenMask(this.#buffers.mask(index), sampling, grammarMask, this.#vocabSize);
    });
  }

  sample(wanted: TokenRow): SampledToken {
    const { row, sampling, constraint } = wanted;
    if (this.#validTokens[row] === 0) return this.#host.sample(wanted);
    constraint?.check();
    const tokenId = this.#results.token[row]!;
    if (tokenId === BAD_LOGITS) throw new LogitsNotFiniteError();
    if (tokenId === NOTHING_ALLOWED) throw new NoTokenLeftError();
    const { logprobs } = sampling.params;
    return { tokenId, logprobs: logprobs === null ? null : readLogprobs(this.#results, row, logprobs) };
  }
}

/** @param wanted length of the list */
function readLogprobs(results: SamplingResults, row: number, wanted: number): TokenLogprobs {
  const { token, logprob, rank, topToken, topLogprob } = results;
  const first = row * MAX_TOP_LOGPROBS;
  const top: { tokenId: number; logprob: number }[] = [];
  for (let i = first; i < first + wanted; i++) {
    if (topToken[i]! >= 0) top.push({ tokenId: topToken[i]!, logprob: topLogprob[i]! });
  }
  const tokenId = token[row]!;
  // The device ranks equal logits alike; in the list they have an order.
  const place = top.findIndex((entry) => entry.tokenId === tokenId);
  return { tokenId, logprob: logprob[row]!, rank: place === -1 ? rank[row]! : place + 1, top };
}
