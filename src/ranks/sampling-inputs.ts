import type { SamplingInput, SamplingLayout } from './sampling-layout.ts';

/** Views of the parameters that a step samples with, one element a row unless they are lists; all have to be written. */
export class SamplingInputs {
  readonly validTokens: Int32Array;
  readonly maskRow: Int32Array;
  readonly biasStart: Int32Array;
  readonly historyStart: Int32Array;
  readonly repetitionPenalty: Float32Array;
  readonly presencePenalty: Float32Array;
  readonly frequencyPenalty: Float32Array;
  readonly temperature: Float32Array;
  readonly topK: Int32Array;
  readonly topP: Float32Array;
  readonly minP: Float32Array;
  readonly topLogprobs: Int32Array;
  readonly biasToken: Int32Array;
  readonly biasValue: Float32Array;
  readonly historyToken: Int32Array;
  readonly historyCount: Int32Array;
  readonly #seed: Int32Array;
  readonly #index: Int32Array;

  constructor(memory: SharedArrayBuffer, { offsets, lengths }: SamplingLayout<SamplingInput>) {
    const i32 = (name: SamplingInput): Int32Array => new Int32Array(memory, offsets[name], lengths[name]);
    const f32 = (name: SamplingInput): Float32Array => new Float32Array(memory, offsets[name], lengths[name]);
    this.validTokens = i32('validTokens');
    this.maskRow = i32('maskRow');
    this.biasStart = i32('biasStart');
    this.historyStart = i32('historyStart');
    this.repetitionPenalty = f32('repetitionPenalty');
    this.presencePenalty = f32('presencePenalty');
    this.frequencyPenalty = f32('frequencyPenalty');
    this.temperature = f32('temperature');
    this.topK = i32('topK');
    this.topP = f32('topP');
    this.minP = f32('minP');
    this.topLogprobs = i32('topLogprobs');
    this.biasToken = i32('biasToken');
    this.biasValue = f32('biasValue');
    this.historyToken = i32('historyToken');
    this.historyCount = i32('historyCount');
    this.#seed = new Int32Array(memory, offsets.seed, 2 * lengths.seed);
    this.#index = new Int32Array(memory, offsets.index, 2 * lengths.index);
  }

  /** @param seed any safe integer; travels as two's complement */
  setDraw(row: number, seed: number, index: number): void {
    setInteger(this.#seed, row, seed);
    setInteger(this.#index, row, index);
  }
}

/** Stores to an Int32Array keep the low 32 bits of a number. */
function setInteger(words: Int32Array, at: number, value: number): void {
  words[2 * at] = value;
  words[2 * at + 1] = Math.floor(value / 2 ** 32);
}
