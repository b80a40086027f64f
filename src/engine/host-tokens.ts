import type { Runner } from '../runner/runner.ts';
import type { SampledToken, Sampler } from '../sampling/sampler.ts';
import type { StepTokens, TokenRow, TokenSource } from './token-source.ts';

/** Samples in the engine thread, from the logits that a step has returned. */
export class HostTokens implements TokenSource {
  readonly #runner: Pick<Runner, 'logits'>;
  readonly #sampler: Sampler;

  constructor(runner: Pick<Runner, 'logits'>, sampler: Sampler) {
    this.#runner = runner;
    this.#sampler = sampler;
  }

  begin(rows: readonly TokenRow[]): StepTokens {
    return {
      areChosenUnseen: false,
      prepare: () => {
        for (const { constraint } of rows) constraint?.prepare();
      },
      sample: (row) => this.#sample(row),
    };
  }

  canChooseUnseen(): boolean {
    return false;
  }

  #sample({ row, sampling, constraint }: TokenRow): SampledToken {
    return this.#sampler.sample(this.#runner.logits(row), sampling, constraint?.mask ?? null);
  }
}
