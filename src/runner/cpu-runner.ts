import { invariant } from '../errors.ts';
import type { RankGroup } from '../ranks/rank-group.ts';
import type { StepBuffers } from '../ranks/step-buffers.ts';
import { type AttentionGroup, groupByShape } from './attention-groups.ts';
import { type LogitRows, layOutRows, type Runner } from './runner.ts';
import type { StepWork, WorkEntry } from './step-work.ts';

/** Blocks are rounded up to multiples of this in a batch, so that few tensor shapes occur. */
const BLOCK_STEP = 4;

/** Turns a step plan into the inputs of the CPU attention contract (deepseek-v2/cpu-attention.ts) and runs it. */
export class CpuRunner implements Runner {
  readonly maxUnderWay = 1;
  readonly #ranks: RankGroup<StepBuffers>;
  readonly #buffers: StepBuffers;
  readonly #blockSize: number;

  constructor(ranks: RankGroup<StepBuffers>, blockSize: number) {
    const buffers = ranks.buffers[0];
    invariant(buffers && ranks.buffers.length === 1, 'the CPU runner drives one rank');
    this.#ranks = ranks;
    this.#buffers = buffers;
    this.#blockSize = blockSize;
  }

  start(plan: StepWork, onWritten?: (rows: readonly LogitRows[], slot: number) => void): LogitRows[] {
    const rows = layOutRows(plan);
    const last = rows.at(-1);
    this.#buffers.reset(plan.numTokens, last ? last.firstRow + last.numRows : 0);
    this.#writeTokens(plan);
    this.#writeLogitRows(plan.entries, rows);
    this.#writeGroups(plan);
    onWritten?.(rows, 0);
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

  #writeTokens(plan: StepWork): void {
    const { integers, slots } = this.#buffers;
    const ids = this.#buffers.claimCommon('tokenIds', plan.numTokens);
    const positions = this.#buffers.claimCommon('positions', plan.numTokens);
    let token = 0;
    for (const { sequence, start, count, blockTable } of plan.entries) {
      for (let position = start; position < start + count; position++, token++) {
        writeInteger(integers, ids, token, sequence.tokenAt(position));
        writeInteger(integers, positions, token, position);
        const block = blockTable[Math.floor(position / this.#blockSize)]!;
        slots[token] = block * this.#blockSize + (position % this.#blockSize);
      }
    }
  }

  /** A step in which nobody wants logits still asks for one row: no tensor may be empty. */
  #writeLogitRows(entries: readonly WorkEntry[], rows: readonly LogitRows[]): void {
    const { integers } = this.#buffers;
    const at = this.#buffers.claimCommon('logitRows', Math.max(1, this.#buffers.numLogitRows));
    writeInteger(integers, at, 0, 0);
    let firstToken = 0;
    entries.forEach(({ count }, index) => {
      const { firstRow, numRows } = rows[index]!;
      for (let i = 0; i < numRows; i++) writeInteger(integers, at, firstRow + i, firstToken + count - numRows + i);
      firstToken += count;
    });
  }

  #writeGroups(plan: StepWork): void {
    const { numGroups } = this.#buffers.memory.limits;
    const items = plan.entries.map(({ start, count }) => ({
      numQueries: count,
      numBlocks: Math.max(1, Math.ceil(start / this.#blockSize)),
    }));
    const groups = groupByShape(items, numGroups, this.#blockSize, BLOCK_STEP);
    const firstTokens = new Int32Array(plan.entries.length);
    plan.entries.forEach(({ count }, index) => {
      if (index + 1 < firstTokens.length) firstTokens[index + 1] = firstTokens[index]! + count;
    });
    const order = this.#buffers.claimCommon('order', plan.numTokens);
    let firstQuery = 0;
    for (let index = 0; index < numGroups; index++) {
      const group = groups[index] ?? EMPTY_GROUP;
      this.#writeGroup(index, group, plan.entries, firstTokens, order, firstQuery);
      firstQuery += Math.max(1, group.members.length) * group.numQueries;
    }
  }

  #writeGroup(
    index: number,
    group: AttentionGroup,
    entries: readonly WorkEntry[],
    firstTokens: Int32Array,
    order: number,
    firstQuery: number,
  ): void {
    const { integers } = this.#buffers;
    const { members, numQueries, numBlocks } = group;
    const size = Math.max(1, members.length);
    const rows = this.#buffers.claimGroup(index, 'rows', [size, numQueries]);
    const blocks = this.#buffers.claimGroup(index, 'blocks', [size, numBlocks]);
    const lengths = this.#buffers.claimGroup(index, 'contextLengths', [size, 1, 1]);
    if (members.length === 0) {
      integers.fill(0, rows, rows + 2 * numQueries);
      integers.fill(0, blocks, blocks + 2 * numBlocks);
      writeInteger(integers, lengths, 0, 0);
      return;
    }
    members.forEach((member, i) => {
      const { start, count, blockTable } = entries[member]!;
      const firstToken = firstTokens[member]!;
      for (let query = 0; query < numQueries; query++) {
        const isReal = query < count;
        writeInteger(integers, rows, i * numQueries + query, isReal ? firstToken + query : firstToken);
        if (isReal) writeInteger(integers, order, firstToken + query, firstQuery + i * numQueries + query);
      }
      const used = Math.ceil(start / this.#blockSize);
      // Padding is masked, but must be the sequence's own all the same: see CpuRank.
      for (let b = 0; b < numBlocks; b++) {
        writeInteger(integers, blocks, i * numBlocks + b, blockTable[b < used ? b : 0]!);
      }
      writeInteger(integers, lengths, i, start);
    });
  }
}

/** Stands for a group without sequences: one padded query whose result nobody reads. */
const EMPTY_GROUP: AttentionGroup = { members: [], numQueries: 1, numBlocks: 1 };

/** Writes element `index` of an i64 tensor that begins at word `at`. */
function writeInteger(words: Int32Array, at: number, index: number, value: number): void {
  words[at + 2 * index] = value;
  words[at + 2 * index + 1] = 0;
}
