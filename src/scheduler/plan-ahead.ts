import type { BlockPool } from '../kv-cache/block-pool.ts';
import type { RunningList } from './running-list.ts';
import type { Sequence } from './sequence.ts';
import type { SequenceCache } from './sequence-cache.ts';
import type { ScheduledEntry, StepPlan } from './step-plan.ts';

/** What planning ahead looks at; see {@link Scheduler.planAhead}. */
export interface AheadState {
  /** The plan in flight. */
  readonly last: StepPlan;
  readonly running: RunningList;
  readonly cache: SequenceCache;
  readonly pool: BlockPool;
  readonly maxModelLen: number;
  readonly isAllowed: (sequence: Sequence) => boolean;
}

/**
 * The step after the one in flight, as decodes of all its sequences: each computes the token that the step in flight samples for it.
 * Those that end with that token for certain have no part in it; whoever ends unexpectedly is computed for nothing.
 *
 * @returns null when some running sequence would need more than that, or blocks are short
 */
export function planDecodesAhead(state: AheadState): StepPlan | null {
  const entryOf = new Map(state.last.entries.map((entry) => [entry.sequence, entry]));
  const entries: ScheduledEntry[] = [];
  let numNewBlocks = 0;
  for (const sequence of state.running) {
    const entry = entryOf.get(sequence);
    if (entry === undefined || !entry.samples) return null;
    if (endsWithNextToken(sequence, state.maxModelLen)) continue;
    if (!state.isAllowed(sequence)) return null;
    const start = entry.start + entry.count;
    numNewBlocks += Math.max(0, state.cache.numBlocksFor(start + 1) - sequence.blockTable.length);
    const { blockTable } = sequence;
    entries.push({ sequence, start, count: 1, blockTable, samples: true, wantsAllRows: false, isPending: true });
  }
  if (entries.length === 0 || numNewBlocks > state.pool.numFreeBlocks) return null;
  for (const { sequence, start } of entries) state.cache.allocateUpTo(sequence, start + 1);
  return { entries, numDecodes: entries.length, numTokens: entries.length, admitted: [], preempted: [] };
}

/** By its length, that is; an end token nobody knows beforehand. */
function endsWithNextToken({ numOutputTokens, numTokens, request }: Sequence, maxModelLen: number): boolean {
  return numOutputTokens + 1 >= request.maxTokens || numTokens + 1 >= maxModelLen;
}
