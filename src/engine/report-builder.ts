import type { TokenLogprobs } from '../sampling/sampling-params.ts';
import type { StepPlan } from '../scheduler/step-plan.ts';
import type { FinishReason } from './engine.ts';
import type { EngineStats, StepReport } from './step-report.ts';

type Mutable<T> = T extends readonly (infer Item)[] ? Item[] : T;

/** Collects a step's report. */
export class ReportBuilder {
  readonly #plan: StepPlan;
  readonly #plannedAt: number;
  readonly #sequenceIds: Int32Array;
  readonly #tokenIds: Int32Array;
  readonly #logprobs: (TokenLogprobs | null)[] = [];
  readonly #started: Mutable<StepReport['started']> = [];
  readonly #finished: Mutable<StepReport['finished']> = [];
  readonly #failed: Mutable<StepReport['failed']> = [];
  #numTokens = 0;
  #hasLogprobs = false;

  /** @param plannedAt monotonic milliseconds */
  constructor(plan: StepPlan, plannedAt: number) {
    this.#plan = plan;
    this.#plannedAt = plannedAt;
    this.#sequenceIds = new Int32Array(plan.entries.length);
    this.#tokenIds = new Int32Array(plan.entries.length);
  }

  addStarted(id: number, numCachedTokens: number, promptLogprobs: readonly (TokenLogprobs | null)[] | null): void {
    this.#started.push({ id, numCachedTokens, promptLogprobs });
  }

  addToken(id: number, tokenId: number, logprobs: TokenLogprobs | null): void {
    this.#sequenceIds[this.#numTokens] = id;
    this.#tokenIds[this.#numTokens] = tokenId;
    this.#logprobs[this.#numTokens] = logprobs;
    this.#hasLogprobs ||= logprobs !== null;
    this.#numTokens++;
  }

  addFinished(id: number, reason: FinishReason | 'repetition', stopReason: number | null): void {
    this.#finished.push({ id, reason, stopReason });
  }

  addFailed(id: number, message: string, isRequestFault: boolean): void {
    this.#failed.push({ id, message, isRequestFault });
  }

  build(stats: EngineStats): StepReport {
    return {
      type: 'step',
      plannedAt: this.#plannedAt,
      admitted: this.#plan.admitted.map((sequence) => sequence.id),
      started: this.#started,
      sequenceIds: this.#sequenceIds.slice(0, this.#numTokens),
      tokenIds: this.#tokenIds.slice(0, this.#numTokens),
      logprobs: this.#hasLogprobs ? this.#logprobs : null,
      finished: this.#finished,
      failed: this.#failed,
      numTokens: this.#plan.numTokens,
      stats,
    };
  }
}
