import { invariant } from '../errors.ts';
import type { BlockPool } from '../kv-cache/block-pool.ts';
import type { LogitRows, Runner } from '../runner/runner.ts';
import { tokenLogprobs } from '../sampling/logprobs.ts';
import { NoTokenLeftError, SamplingError } from '../sampling/sampling-error.ts';
import type { SamplingParams, TokenLogprobs } from '../sampling/sampling-params.ts';
import { SequenceSampling } from '../sampling/sequence-sampling.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { Sequence, type SequenceRequest } from '../scheduler/sequence.ts';
import type { ScheduledEntry, StepPlan } from '../scheduler/step-plan.ts';
import type { ConstrainedOutput } from './constrained-output.ts';
import { LoadedGrammars, type RequestGrammar } from './loaded-grammars.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { ReportBuilder } from './report-builder.ts';
import type { EngineStats, StepReport } from './step-report.ts';
import type { StepTokens, TokenRow, TokenSource } from './token-source.ts';

/** What the engine thread needs of a request; crosses threads by structured clone. */
export interface EngineRequest extends SequenceRequest {
  /** Unique among unfinished requests. */
  readonly sequenceId: number;
  readonly sampling: SamplingParams;
  /** Seed of requests that bring none. */
  readonly fallbackSeed: number;
  /** What the output must match; absent or null: anything. */
  readonly grammar?: RequestGrammar | null;
}

export interface EngineCoreOptions {
  readonly scheduler: Scheduler;
  readonly pool: BlockPool;
  readonly runner: Runner;
  readonly tokens: TokenSource;
  readonly vocabSize: number;
  readonly eosTokenIds: readonly number[];
  /** Receives each step's report, while the next step runs where there is one. */
  readonly emit: (report: StepReport) => void;
}

interface SequenceState {
  readonly sampling: SequenceSampling;
  readonly constraint: ConstrainedOutput | null;
  /** Filled chunk by chunk when asked for; entry 0 stays null. */
  readonly promptLogprobs: (TokenLogprobs | null)[] | null;
  hasStarted: boolean;
}

/** A step that the ranks compute, or have in their queue. */
interface StepUnderWay {
  readonly plan: StepPlan;
  readonly plannedAt: number;
  readonly rows: readonly LogitRows[];
  readonly tokens: StepTokens;
}

/** Where an entry's token comes from and goes to. */
interface EntryPlace {
  readonly state: SequenceState;
  readonly tokens: StepTokens;
  readonly sampled: Map<Sequence, number>;
  readonly report: ReportBuilder;
}

/** The engine without its thread: sequences in, step reports out. */
export class EngineCore {
  /** Those that requests may name. */
  readonly grammars: LoadedGrammars;
  readonly #options: EngineCoreOptions;
  readonly #states = new Map<Sequence, SequenceState>();
  #report: ReportBuilder | null = null;
  /** Started before the last step was done. */
  #ahead: StepUnderWay | null = null;
  #totalPreemptions = 0;
  #totalPrefixQueries = 0;
  #totalPrefixHits = 0;

  constructor(options: EngineCoreOptions) {
    this.#options = options;
    this.grammars = new LoadedGrammars(options.eosTokenIds);
  }

  /** Queues a request. @throws InvariantError when it can never fit (admission checks this before) */
  add(request: EngineRequest): void {
    const { eosTokenIds, scheduler } = this.#options;
    const sequence = new Sequence(request.sequenceId, request, eosTokenIds);
    scheduler.add(sequence);
    this.#states.set(sequence, {
      sampling: new SequenceSampling(request.sampling, request.promptTokenIds, eosTokenIds, request),
      constraint: request.grammar ? this.grammars.open(request.grammar) : null,
      promptLogprobs:
        request.promptLogprobs === null ? null : new Array<null>(request.promptTokenIds.length).fill(null),
      hasStarted: false,
    });
  }

  /** Ends a request from outside; nothing more is reported of it. Unknown ids are those that ended meanwhile. */
  abort(sequenceId: number): void {
    const sequence = this.#options.scheduler.abort(sequenceId);
    if (sequence) this.#states.delete(sequence);
  }

  get stats(): EngineStats {
    const { scheduler, pool } = this.#options;
    return {
      numRunning: scheduler.numRunning,
      numWaiting: scheduler.numWaiting,
      usedBlocks: pool.numUsedBlocks,
      numBlocks: pool.numBlocks,
      totalPreemptions: this.#totalPreemptions,
      totalPrefixQueries: this.#totalPrefixQueries,
      totalPrefixHits: this.#totalPrefixHits,
    };
  }

  /**
   * One step of all running sequences: plan, run, sample, commit, emit. What it did is emitted while the next step runs, and that one
   * is under way before this one is done where it does not depend on the outcome.
   * @returns false when there was nothing to do
   * @throws RankError
   */
  step(): boolean {
    const { scheduler, runner } = this.#options;
    const step = this.#ahead ?? this.#start(scheduler.plan());
    this.#ahead = null;
    this.flush();
    if (step === null) return false;
    step.tokens.prepare();
    this.#ahead = this.#startAhead(step);
    runner.wait();
    const report = new ReportBuilder(step.plan, step.plannedAt);
    const sampled = this.#sample(step, report);
    const { finished } = scheduler.commit(step.plan, sampled);
    this.#count(step.plan);
    for (const { sequence, reason, stopReason } of finished) {
      if (!this.#states.delete(sequence)) continue;
      report.addFinished(sequence.id, reason, stopReason);
    }
    this.#report = report;
    return true;
  }

  /** Emits what is left of the last step. */
  flush(): void {
    const report = this.#report;
    if (report === null) return;
    this.#report = null;
    this.#options.emit(report.build(this.stats));
  }

  /** Ends every request after a failure; returns their ids. */
  drain(): number[] {
    this.#report = null;
    this.#ahead = null;
    this.#states.clear();
    return this.#options.scheduler.drainAll().map((sequence) => sequence.id);
  }

  #start(plan: StepPlan | null): StepUnderWay | null {
    if (plan === null) return null;
    const plannedAt = monotonicMs();
    let tokens: StepTokens | null = null;
    const rows = this.#options.runner.start(plan, (written, slot) => {
      tokens = this.#beginTokens(plan, written, slot);
    });
    invariant(tokens, 'the runner has not said where the logits are');
    return { plan, plannedAt, rows, tokens };
  }

  /** Starts the step after `step`, unless that has to be known first. */
  #startAhead({ tokens }: StepUnderWay): StepUnderWay | null {
    const { scheduler, runner } = this.#options;
    if (runner.maxUnderWay < 2 || !tokens.areChosenUnseen) return null;
    return this.#start(scheduler.planAhead((sequence) => this.#canChooseUnseen(sequence)));
  }

  #canChooseUnseen(sequence: Sequence): boolean {
    const state = this.#states.get(sequence);
    return state !== undefined && this.#options.tokens.canChooseUnseen(state);
  }

  #beginTokens(plan: StepPlan, rows: readonly LogitRows[], slot: number): StepTokens {
    const wanted: TokenRow[] = [];
    let numRows = 0;
    plan.entries.forEach((entry, index) => {
      numRows += rows[index]!.numRows;
      const state = this.#states.get(entry.sequence);
      if (entry.samples && state) wanted.push(tokenRow(rows[index]!, state, entry));
    });
    return this.#options.tokens.begin(wanted, numRows, slot);
  }

  #sample({ plan, rows, tokens }: StepUnderWay, report: ReportBuilder): Map<Sequence, number> {
    const sampled = new Map<Sequence, number>();
    plan.entries.forEach((entry, index) => {
      const state = this.#states.get(entry.sequence);
      if (state === undefined) return;
      try {
        this.#sampleEntry(entry, rows[index]!, { state, tokens, sampled, report });
      } catch (error) {
        if (!(error instanceof SamplingError)) throw error;
        this.abort(entry.sequence.id);
        const isRequestFault = error instanceof NoTokenLeftError && state.sampling.adjustsLogits;
        report.addFailed(entry.sequence.id, error.message, isRequestFault);
      }
    });
    return sampled;
  }

  #sampleEntry(entry: ScheduledEntry, rows: LogitRows, { state, tokens, sampled, report }: EntryPlace): void {
    const { sequence, start, count } = entry;
    if (entry.wantsAllRows && state.promptLogprobs) this.#scorePrompt(entry, rows, state.promptLogprobs);
    if (!state.hasStarted && start + count >= sequence.numPromptTokens) {
      state.hasStarted = true;
      report.addStarted(sequence.id, sequence.numCachedTokens, state.promptLogprobs);
    }
    if (!entry.samples) return;
    const { sampling, constraint } = state;
    const { tokenId, logprobs } = tokens.sample(tokenRow(rows, state, entry));
    sampling.append(tokenId);
    if (!sequence.eosTokenIds.has(tokenId)) constraint?.accept(tokenId);
    sampled.set(sequence, tokenId);
    report.addToken(sequence.id, tokenId, logprobs);
  }

  /** The logits at a position give the probability of the token after it. */
  #scorePrompt(entry: ScheduledEntry, rows: LogitRows, into: (TokenLogprobs | null)[]): void {
    const { sequence, start } = entry;
    const top = sequence.request.promptLogprobs ?? 0;
    for (let i = 0; i < rows.numRows; i++) {
      const position = start + i + 1;
      if (position >= sequence.numPromptTokens) return;
      const logits = this.#options.runner.logits(rows.firstRow + i);
      into[position] = tokenLogprobs(logits, sequence.tokenAt(position), top, this.#options.vocabSize);
    }
  }

  #count(plan: StepPlan): void {
    this.#totalPreemptions += plan.preempted.length;
    for (const sequence of plan.admitted) {
      if (sequence.numPreemptions > 0) continue;
      this.#totalPrefixQueries += sequence.numPromptTokens;
      this.#totalPrefixHits += sequence.numCachedTokens;
    }
  }
}

/** The next token comes from the logits of the last position. */
function tokenRow(
  { firstRow, numRows }: LogitRows,
  { sampling, constraint }: SequenceState,
  { isPending }: ScheduledEntry,
): TokenRow {
  return { row: firstRow + numRows - 1, sampling, constraint, numPending: Number(isPending) };
}
