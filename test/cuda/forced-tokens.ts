import type { StepTokens, TokenRow, TokenSource } from '../../src/engine/token-source.ts';
import type { Runner } from '../../src/runner/runner.ts';
import { type EngineShape, GREEDY, type LocalEngine } from '../support/local-engine.ts';

/** A sequence to be fed as it is: what a model says where a reference was. */
export interface ForcedSequence {
  readonly prompt: readonly number[];
  readonly tokens: readonly number[];
}

/** Logits of each sequence at each of its tokens, [sequence][token][vocabSize]. */
export type ForcedLogits = readonly (readonly Float32Array[])[];

/** Adds the sequences to an engine, in an order and at times of its choice, and runs it. */
export type Schedule = (engine: LocalEngine, sequences: readonly number[], add: (index: number) => void) => void;

/** Runs an engine whose tokens are the sequences' own, whatever the logits say. @returns these logits */
export function forcedLogits(
  makeEngine: (shape: EngineShape) => LocalEngine,
  sequences: readonly ForcedSequence[],
  shape: EngineShape,
  schedule: Schedule,
): { readonly logits: ForcedLogits; readonly numPreemptions: number } {
  const logits: Float32Array[][] = sequences.map(() => []);
  using engine = makeEngine({ ...shape, wrapTokens: (_, __, runner) => new ForcedTokens(sequences, logits, runner) });
  const add = (index: number): void => {
    const { prompt, tokens } = sequences[index]!;
    engine.add(prompt, tokens.length, { sampling: { ...GREEDY, logprobs: null, seed: index } });
  };
  schedule(engine, [...sequences.keys()], add);
  return { logits, numPreemptions: engine.core.stats.totalPreemptions };
}

/** The seed of a request says which sequence it is. */
class ForcedTokens implements TokenSource {
  readonly #sequences: readonly ForcedSequence[];
  readonly #logits: readonly Float32Array[][];
  readonly #runner: Pick<Runner, 'logits'>;

  constructor(sequences: readonly ForcedSequence[], logits: readonly Float32Array[][], runner: Pick<Runner, 'logits'>) {
    this.#sequences = sequences;
    this.#logits = logits;
    this.#runner = runner;
  }

  begin(): StepTokens {
    return {
      areChosenUnseen: false,
      prepare: () => {},
      sample: ({ row, sampling }: TokenRow) => {
        const { seed, numOutputTokens } = sampling;
        this.#logits[seed]![numOutputTokens] = this.#runner.logits(row).slice();
        return { tokenId: this.#sequences[seed]!.tokens[numOutputTokens]!, logprobs: null };
      },
    };
  }

  canChooseUnseen(): boolean {
    return false;
  }
}
