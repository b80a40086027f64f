import type { StepWork } from './step-work.ts';

/** Where an entry's logits are in the step's result: rows [firstRow, firstRow + numRows). */
export interface LogitRows {
  readonly firstRow: number;
  readonly numRows: number;
}

/** Runs step plans on the devices. One step at a time: start, wait, read the logits. */
export interface Runner {
  /**
   * Writes the step's inputs and starts it. Returns each entry's rows of the logits, in the plan's order.
   * @param onWritten called with the same before the step starts: what else travels with it can be written now
   */
  start(plan: StepWork, onWritten?: (rows: readonly LogitRows[]) => void): LogitRows[];
  /** Blocks until the step is done. @throws RankError */
  wait(): void;
  /** Logits of one row of the finished step, valid until the next start. [vocabSize] */
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
