import { expect } from 'vitest';
import type { SchedulerConfig } from '../../src/scheduler/scheduler-config.ts';
import { compareRank, type Sequence } from '../../src/scheduler/sequence.ts';
import type { ScheduledEntry, StepPlan } from '../../src/scheduler/step-plan.ts';

/** What ran before a plan was made. */
export interface RunningBefore {
  /** In scheduling order. */
  readonly running: readonly Sequence[];
  readonly decodes: readonly Sequence[];
}

export function observeRunning(sequences: Iterable<Sequence>): RunningBefore {
  const running = [...sequences].filter((sequence) => sequence.status === 'running').sort(compareRank);
  return { running, decodes: running.filter((sequence) => sequence.numComputedTokens === sequence.numTokens - 1) };
}

function countRows(entry: ScheduledEntry): number {
  return entry.wantsAllRows ? entry.count : Number(entry.samples);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What every plan must satisfy, whatever led to it. */
export function checkPlan(plan: StepPlan, before: RunningBefore, config: SchedulerConfig, numFreeBlocks: number): void {
  const { entries, numDecodes, numTokens, admitted, preempted } = plan;
  const scheduled = new Set(entries.map((entry) => entry.sequence));
  expect(scheduled.size).toBe(entries.length);
  expect(numTokens).toBe(sum(entries.map((entry) => entry.count)));
  expect(numTokens).toBeLessThanOrEqual(config.maxNumBatchedTokens);
  expect(sum(entries.map(countRows))).toBeLessThanOrEqual(config.maxLogitRows);
  expect(entries.length - numDecodes).toBeLessThanOrEqual(config.maxPrefillChunks);
  expect(entries.length).toBeLessThanOrEqual(config.maxNumSeqs);
  entries.forEach((entry, i) => {
    checkEntry(entry, config);
    expect(entry.count === 1 && entry.start > 0).toBe(i < numDecodes);
    // Behind a sequence's first chunk there are none but first chunks.
    if (i > 0 && entries[i - 1]!.start === 0) expect(entry.start).toBe(0);
  });

  // Progress: the best-ranked running sequence always advances and is never preempted.
  const best = before.running[0];
  if (best !== undefined) expect(scheduled.has(best)).toBe(true);
  // Every decode advances, unless the blocks ran out.
  for (const sequence of before.decodes) {
    if (!preempted.includes(sequence) && !scheduled.has(sequence)) expect(numFreeBlocks).toBe(0);
  }
  // Victims rank behind everything that kept its blocks, and nobody is let in meanwhile.
  for (const victim of preempted) {
    for (const survivor of before.running) {
      if (!preempted.includes(survivor)) expect(compareRank(survivor, victim)).toBeLessThan(0);
    }
  }
  if (preempted.length > 0) expect(admitted).toEqual([]);
  for (const sequence of admitted) expect(scheduled.has(sequence)).toBe(true);
}

function checkEntry(entry: ScheduledEntry, config: SchedulerConfig): void {
  const { sequence, start, count, samples, wantsAllRows } = entry;
  expect(count).toBeGreaterThanOrEqual(1);
  expect(count).toBeLessThanOrEqual(config.longPrefillChunk);
  expect(start).toBe(sequence.numComputedTokens);
  expect(start + count).toBeLessThanOrEqual(sequence.numTokens);
  expect(samples).toBe(start + count === sequence.numTokens && sequence.request.maxTokens > 0);
  if (wantsAllRows) expect(sequence.request.promptLogprobs).not.toBeNull();
  expect(entry.blockTable).toBe(sequence.blockTable);
}
