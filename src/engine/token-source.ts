import type { SampledToken } from '../sampling/sampler.ts';
import type { SequenceSampling } from '../sampling/sequence-sampling.ts';
import type { ConstrainedOutput } from './constrained-output.ts';

/** A row of a step's logits that a token is wanted from. */
export interface TokenRow {
  readonly row: number;
  readonly sampling: SequenceSampling;
  /** What the output must match; null: anything. */
  readonly constraint: ConstrainedOutput | null;
  /** Output tokens that come before this one and are not known yet. */
  readonly numPending: number;
}

/** The tokens of one step, on their way. */
export interface StepTokens {
  /** The host takes no part in choosing them: the next step can take them where they are, unseen. */
  readonly areChosenUnseen: boolean;
  /** While the ranks compute. */
  prepare(): void;
  /** The token of one of the rows, once the step is done. @throws SamplingError */
  sample(row: TokenRow): SampledToken;
}

/** Where the tokens of steps come from. */
export interface TokenSource {
  /**
   * Before a step starts, its inputs being written.
   * @param rows ascending
   * @param numRows rows of logits that the step has
   * @param slot of the devices' memory, see {@link Runner.start}
   */
  begin(rows: readonly TokenRow[], numRows: number, slot: number): StepTokens;
  /** Whether the next token but one of a sequence can be chosen without knowing the next one, except by the model. */
  canChooseUnseen(row: Pick<TokenRow, 'sampling' | 'constraint'>): boolean;
}
