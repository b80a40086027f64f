import type { Runner } from '../runner/runner.ts';

/** A replayable step is captured within so many runs (ONNX Runtime runs it once or twice before). */
const RUNS = 3;

/**
 * Runs decode steps of every batch size until they are captured, so that no request pays for it. They write to block 0,
 * which is nobody's yet.
 */
export function captureDecodeSteps(
  runner: Runner,
  sizes: readonly number[],
  onStep: (numSequences: number, stepMs: number) => void,
): void {
  const entry = {
    sequence: { tokenAt: () => 0 },
    start: 0,
    count: 1,
    blockTable: [0],
    samples: true,
    wantsAllRows: false,
  };
  for (const size of sizes) {
    let begin = 0;
    for (let run = 0; run < RUNS; run++) {
      begin = performance.now();
      runner.start({ entries: new Array<typeof entry>(size).fill(entry), numTokens: size });
      runner.wait();
    }
    onStep(size, performance.now() - begin);
  }
}
