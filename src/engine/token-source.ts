import type { SampledToken } from '../sampling/sampler.ts';
import type { SequenceSampling } from '../sampling/sequence-sampling.ts';
import type { ConstrainedOutput } from './constrained-output.ts';

/** A row of a step's logits that a token is wanted from. */
export interface TokenRow {
  readonly row: number;
  readonly sampling: SequenceSampling;
  /** What the output must match; null: anything. */
  readonly constraint: ConstrainedOutput | null;
}

/** Where the tokens of a step come from: one step at a time, begin, prepare, sample. */
export interface TokenSource {
  /**
   * Before the step starts, its inputs being written.
   * @param rows ascending
   * @param numRows rows of logits that the step has
   */
  begin(rows: readonly TokenRow[], numRows: number): void;
  /** While the ranks compute. */
  prepare(): void;
  /** The token of one of the rows, once the step is done. @throws SamplingError */
  sample(row: TokenRow): SampledToken;
}
