import type { EngineShape } from '../support/local-engine.ts';
import type { ForcedSequence, Schedule } from './forced-tokens.ts';

/** A way of scheduling that must not change what a model says. */
export interface Way {
  readonly name: string;
  readonly shape: EngineShape;
  readonly schedule: Schedule;
  /** Slots of a block where they are not a server's. */
  readonly blockSize?: number;
  /** It is for that. */
  readonly preempts?: boolean;
}

const oneByOne: Schedule = (engine, sequences, add) => {
  for (const index of sequences) {
    add(index);
    engine.runToEnd();
  }
};

const together: Schedule = (engine, sequences, add) => {
  sequences.forEach(add);
  engine.runToEnd();
};

const halfCached: Schedule = (engine, sequences, add) => {
  const isOdd = (index: number): boolean => index % 2 === 1;
  together(engine, sequences.filter(isOdd), add);
  together(engine, sequences, add);
};

export const ALONE: Way = {
  name: 'alone',
  shape: { maxNumBatchedTokens: 1024, enablePrefixCaching: false },
  schedule: oneByOne,
};

/** A sequence is admitted with one block of growth in reserve: of a server's blocks, none of these outputs needs more. */
const SMALL_BLOCK = 4;

export function waysFor(sequences: readonly ForcedSequence[]): readonly Way[] {
  const longest = Math.max(...sequences.map(({ prompt, tokens }) => prompt.length + tokens.length));
  return [
    ALONE,
    { name: 'chunks of 16', shape: { maxNumBatchedTokens: 16, enablePrefixCaching: false }, schedule: oneByOne },
    { name: 'all together', shape: { enablePrefixCaching: false }, schedule: together },
    { name: 'half cached', shape: {}, schedule: halfCached },
    {
      name: 'preempted',
      shape: { numBlocks: Math.ceil(longest / SMALL_BLOCK), enablePrefixCaching: false },
      schedule: together,
      blockSize: SMALL_BLOCK,
      preempts: true,
    },
  ];
}
