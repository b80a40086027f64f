import type { StepWork } from './step-work.ts';

/** Where an entry's logits are in the step's result: rows [firstRow, firstRow + numRows). */
export interface LogitRows {
  readonly firstRow: number;
  readonly numRows: number;
}

/**
 * Runs step plans on the devices: start, wait, read the logits. Where the devices sample, a step whose tokens nobody has to know may be
 * started before the one before it was waited for.
 */
export interface Runner {
  /** Steps that may be under way. */
  readonly maxUnderWay: number;
  /**
   * Writes the step's inputs and starts it. Returns each entry's rows of the logits, in the plan's order.
   * @param onWritten called with the same before the step starts, what else travels with it can be written now; `slot` says in which of
   * the devices' memories, from 0 to maxUnderWay - 1
   */
  start(plan: StepWork, onWritten?: (rows: readonly LogitRows[], slot: number) => void): LogitRows[];
  /** Blocks until the oldest step under way is done. @throws RankError */
  wait(): void;
  /** Logits of one row of the step that was waited for, valid until the next start. [vocabSize] */
  logits(row: number): Float32Array;
}

/** Gives every entry its rows, in order. */
export function layOutRows(work: StepWork): LogitRows[] {
  let firstRow = 0;
  return work.entries.map(({ wantsAllRows, count, samples }) => {
    const numRows = wantsAllRows ? count : Number(samples);
    const rows = { firstRow, numRows };
    firstRow += numRows;
    return rows;
  });
}
