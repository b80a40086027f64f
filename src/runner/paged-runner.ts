import { invariant } from '../errors.ts';
import type { PagedStepBuffers } from '../ranks/paged-step-buffers.ts';
import type { RankGroup } from '../ranks/rank-group.ts';
import { type LogitRows, layOutRows, type Runner } from './runner.ts';
import type { StepWork } from './step-work.ts';

/** Turns a step plan into the inputs of the CUDA attention contract (deepseek-v2/cuda-attention.ts) and runs it. */
export class PagedRunner implements Runner {
  readonly #ranks: RankGroup<PagedStepBuffers>;
  readonly #buffers: PagedStepBuffers;
  readonly #blockSize: number;

  constructor(ranks: RankGroup<PagedStepBuffers>, blockSize: number) {
    const buffers = ranks.buffers[0];
    invariant(buffers && ranks.buffers.length === 1, 'the paged runner drives one rank');
    this.#ranks = ranks;
    this.#buffers = buffers;
    this.#blockSize = blockSize;
  }

  start(plan: StepWork): LogitRows[] {
    const rows = layOutRows(plan);
    const last = rows.at(-1);
    this.#write(plan, rows, last ? last.firstRow + last.numRows : 0);
    this.#ranks.submit();
    return rows;
  }

  wait(): void {
    this.#ranks.wait();
  }

  logits(row: number): Float32Array {
    const { vocabSize } = this.#buffers.memory.limits;
    return this.#buffers.logits.subarray(row * vocabSize, (row + 1) * vocabSize);
  }

  /** A step in which nobody wants logits still asks for one row: no tensor may be empty. */
  #write({ entries, numTokens }: StepWork, rows: readonly LogitRows[], numLogitRows: number): void {
    const blocksOf = entries.map(({ start, count }) => Math.ceil((start + count) / this.#blockSize));
    const maxBlocks = Math.max(1, ...blocksOf);
    const inputs = this.#buffers.begin({
      numTokens,
      numLogitRows: Math.max(1, numLogitRows),
      numSequences: entries.length,
      maxBlocks,
    });
    inputs.set('logitRows', 0, 0);
    let token = 0;
    entries.forEach(({ sequence, start, count, blockTable }, index) => {
      inputs.firstTokens[index] = token;
      inputs.contextLengths[index] = start;
      for (let block = 0; block < maxBlocks; block++) {
        inputs.blockTable[index * maxBlocks + block] = block < blocksOf[index]! ? blockTable[block]! : 0;
      }
      const { firstRow, numRows } = rows[index]!;
      for (let i = 0; i < numRows; i++) inputs.set('logitRows', firstRow + i, token + count - numRows + i);
      for (let position = start; position < start + count; position++, token++) {
        inputs.set('tokenIds', token, sequence.tokenAt(position));
        inputs.set('positions', token, position);
        const block = blockTable[Math.floor(position / this.#blockSize)]!;
        inputs.set('slots', token, block * this.#blockSize + (position % this.#blockSize));
      }
    });
    inputs.firstTokens[entries.length] = token;
  }
}
