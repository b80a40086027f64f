import { invariant } from '../errors.ts';
import type { PagedStepBuffers, PagedStepInputs, PagedStepShape } from '../ranks/paged-step-buffers.ts';
import type { RankGroup } from '../ranks/rank-group.ts';
import { type LogitRows, layOutRows, type Runner } from './runner.ts';
import type { StepWork, WorkEntry } from './step-work.ts';

export interface PagedRunnerOptions {
  /** Slots of a cache block. */
  readonly blockSize: number;
  /** Ascending batch sizes that steps of decodes alone are padded to; empty: no step is padded. */
  readonly decodeBuckets: readonly number[];
}

/** In place of a row: the token is known. */
const NO_SOURCE = -1;

/** Turns a step plan into the inputs of the CUDA attention contract (deepseek-v2/cuda-attention.ts) and runs it. */
export class PagedRunner implements Runner {
  readonly #ranks: RankGroup<readonly PagedStepBuffers[]>;
  readonly #slots: readonly PagedStepBuffers[];
  readonly #options: PagedRunnerOptions;
  #nextSlot = 0;
  #underWay = 0;
  /** Which row of the step started last chooses the next token of a sequence. */
  #sampledRows = new Map<WorkEntry['sequence'], number>();

  constructor(ranks: RankGroup<readonly PagedStepBuffers[]>, options: PagedRunnerOptions) {
    const slots = ranks.buffers[0];
    invariant(slots && slots.length > 0 && ranks.buffers.length === 1, 'the paged runner drives one rank');
    this.#ranks = ranks;
    this.#slots = slots;
    this.#options = options;
  }

  get maxUnderWay(): number {
    return this.#slots.length;
  }

  start(plan: StepWork, onWritten?: (rows: readonly LogitRows[], slot: number) => void): LogitRows[] {
    invariant(this.#underWay < this.#slots.length, 'no more steps can be under way');
    const rows = layOutRows(plan);
    const slot = this.#nextSlot;
    this.#write(this.#slots[slot]!, plan, rows);
    onWritten?.(rows, slot);
    this.#nextSlot = (slot + 1) % this.#slots.length;
    this.#underWay++;
    this.#ranks.submit();
    return rows;
  }

  wait(): void {
    this.#underWay--;
    this.#ranks.wait();
  }

  logits(row: number): Float32Array {
    const { logits, memory } = this.#slots[0]!;
    const { vocabSize } = memory.limits;
    return logits.subarray(row * vocabSize, (row + 1) * vocabSize);
  }

  #write(buffers: PagedStepBuffers, plan: StepWork, rows: readonly LogitRows[]): void {
    const shape = this.#shapeOf(plan, rows);
    const inputs = buffers.begin(shape);
    if (shape.takesTokens) inputs.tokenSources.fill(NO_SOURCE);
    const sampledRows = new Map<WorkEntry['sequence'], number>();
    let token = 0;
    plan.entries.forEach((entry, index) => {
      this.#writeSequence(inputs, entry, index, token, shape.maxBlocks);
      const { firstRow, numRows } = rows[index]!;
      if (entry.samples) sampledRows.set(entry.sequence, firstRow + numRows - 1);
      const end = token + entry.count;
      for (let i = 0; i < numRows; i++) inputs.set('logitRows', firstRow + i, end - numRows + i);
      token = end;
    });
    this.#pad(inputs, plan, shape, rows);
    this.#sampledRows = sampledRows;
  }

  #shapeOf({ entries, numTokens }: StepWork, rows: readonly LogitRows[]): PagedStepShape {
    const takesTokens = entries.some(({ isPending }) => isPending === true);
    const isDecode = entries.every(({ count, samples, wantsAllRows }) => count === 1 && samples && !wantsAllRows);
    const bucket = isDecode ? this.#options.decodeBuckets.find((size) => size >= entries.length) : undefined;
    if (bucket !== undefined) {
      // The widest table always: its width is part of a captured step.
      const maxBlocks = this.#slots[0]!.memory.limits.maxBlocksPerSequence;
      const all = { numTokens: bucket, numLogitRows: bucket, numSequences: bucket, numDecodes: bucket };
      const fresh = { firstFreshSequence: bucket, firstFreshToken: bucket };
      return { ...all, ...fresh, maxBlocks, isReplayable: true, takesTokens };
    }
    const last = rows.at(-1);
    const firstChunk = entries.findIndex(({ count }) => count !== 1);
    const numDecodes = firstChunk === -1 ? entries.length : firstChunk;
    // A lone first token counts as a decode: that way it costs least.
    const firstFreshSequence = Math.max(numDecodes, entries.findLastIndex(({ start }) => start > 0) + 1);
    const cached = entries.slice(0, firstFreshSequence);
    return {
      numTokens,
      numLogitRows: Math.max(1, last ? last.firstRow + last.numRows : 0),
      numSequences: entries.length,
      numDecodes,
      firstFreshSequence,
      firstFreshToken: cached.reduce((sum, { count }) => sum + count, 0),
      maxBlocks: Math.max(...entries.map((entry) => this.#numBlocks(entry))),
      isReplayable: false,
      takesTokens,
    };
  }

  #writeSequence(
    inputs: PagedStepInputs,
    entry: WorkEntry,
    index: number,
    firstToken: number,
    maxBlocks: number,
  ): void {
    const { sequence, start, count, blockTable } = entry;
    const { blockSize } = this.#options;
    inputs.firstTokens[index] = firstToken;
    inputs.contextLengths[index] = start;
    const numBlocks = this.#numBlocks(entry);
    // What lies beyond a sequence's blocks is never read.
    for (let block = 0; block < numBlocks; block++) inputs.blockTable[index * maxBlocks + block] = blockTable[block]!;
    for (let i = 0; i < count; i++) {
      const position = start + i;
      if (entry.isPending) inputs.tokenSources[firstToken + i] = this.#sampledRow(sequence);
      inputs.set('tokenIds', firstToken + i, entry.isPending ? 0 : sequence.tokenAt(position));
      inputs.set('positions', firstToken + i, position);
      const block = blockTable[Math.floor(position / blockSize)]!;
      inputs.set('slots', firstToken + i, block * blockSize + (position % blockSize));
    }
  }

  /** Tokens, sequences and rows that stand for nothing: their latents are dropped and nobody reads their logits. */
  #pad(inputs: PagedStepInputs, plan: StepWork, shape: PagedStepShape, rows: readonly LogitRows[]): void {
    const { numTokens } = plan;
    for (let token = numTokens; token < shape.numTokens; token++) {
      inputs.set('tokenIds', token, 0);
      inputs.set('positions', token, 0);
      inputs.set('slots', token, -1);
    }
    for (let sequence = plan.entries.length; sequence <= shape.numSequences; sequence++) {
      inputs.firstTokens[sequence] = numTokens;
      if (sequence < shape.numSequences) inputs.contextLengths[sequence] = 0;
    }
    const last = rows.at(-1);
    for (let row = last ? last.firstRow + last.numRows : 0; row < shape.numLogitRows; row++) {
      inputs.set('logitRows', row, 0);
    }
  }

  #sampledRow(sequence: WorkEntry['sequence']): number {
    const row = this.#sampledRows.get(sequence);
    invariant(row !== undefined && this.#underWay > 0, 'the step before samples no token for a pending sequence');
    return row;
  }

  #numBlocks({ start, count }: WorkEntry): number {
    return Math.ceil((start + count) / this.#options.blockSize);
  }
}
