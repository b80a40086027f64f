import { expect } from 'vitest';
import { BlockPool } from '../../src/kv-cache/block-pool.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import type { SchedulerConfig } from '../../src/scheduler/scheduler-config.ts';
import type { Sequence } from '../../src/scheduler/sequence.ts';
import type { StepPlan } from '../../src/scheduler/step-plan.ts';
import { FakeRank, outputAlone } from './fake-rank.ts';
import { makeSequence } from './helpers.ts';
import { checkPlan, observeRunning } from './plan-rules.ts';

export interface SimulationOptions extends SchedulerConfig {
  readonly seed: number;
  readonly numBlocks: number;
  readonly blockSize: number;
  readonly enablePrefixCaching: boolean;
  readonly numSequences: number;
  /** Sequences that arrive per step on average. */
  readonly arrivalRate: number;
  /** Chance that a step sees an abort, once before and once during its flight. */
  readonly abortRate: number;
  readonly vocabSize: number;
}

export interface SimulationSummary {
  readonly numSteps: number;
  readonly numPreemptions: number;
  readonly numCachedTokens: number;
  readonly numAbortsInFlight: number;
  readonly numFinished: number;
}

/** Small, fast generator (mulberry32): a value in [0, 1) per call. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Drives a scheduler with random traffic and checks it after every step. */
class Simulation {
  readonly #options: SimulationOptions;
  readonly #random: () => number;
  readonly #pool: BlockPool;
  readonly #scheduler: Scheduler;
  readonly #rank: FakeRank;
  readonly #prefixes: number[][];
  readonly #unfinished = new Map<number, Sequence>();
  readonly #ended: Sequence[] = [];
  readonly #rows = new Map<Sequence, number>();
  /** Priority to the arrival order of the last sequence that was admitted for the first time. */
  readonly #lastAdmitted = new Map<number, number>();
  #numSteps = 0;
  #numAdded = 0;
  #numFinished = 0;
  #numAbortsInFlight = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#pool = new BlockPool(options);
    const { maxNumSeqs, maxNumBatchedTokens, maxModelLen, maxPrefillChunks, maxLogitRows, longPrefillChunk } = options;
    const config = { maxNumSeqs, maxNumBatchedTokens, maxModelLen, maxPrefillChunks, maxLogitRows, longPrefillChunk };
    this.#scheduler = new Scheduler(config, this.#pool);
    this.#rank = new FakeRank(options.numBlocks, options.blockSize, options.vocabSize);
    this.#prefixes = [0, 1, 2].map(() => this.#tokens(this.#below(options.maxModelLen)));
  }

  run(): SimulationSummary {
    while (this.#numAdded < this.#options.numSequences || this.#scheduler.hasUnfinished) {
      this.#arrive();
      if (this.#random() < this.#options.abortRate) this.#abortOne();
      this.#step();
    }
    expect(this.#unfinished.size).toBe(0);
    expect(this.#pool.numUsedBlocks).toBe(0);
    expect([this.#scheduler.numRunning, this.#scheduler.numWaiting]).toEqual([0, 0]);
    this.#pool.checkIntegrity([]);
    return {
      numSteps: this.#numSteps,
      numPreemptions: this.#ended.reduce((sum, sequence) => sum + sequence.numPreemptions, 0),
      numCachedTokens: this.#ended.reduce((sum, sequence) => sum + sequence.numCachedTokens, 0),
      numAbortsInFlight: this.#numAbortsInFlight,
      numFinished: this.#numFinished,
    };
  }

  #step(): void {
    const before = observeRunning(this.#unfinished.values());
    const plan = this.#scheduler.plan();
    this.#scheduler.checkIntegrity();
    expect(plan === null).toBe(!this.#scheduler.hasUnfinished);
    if (plan === null) return;
    this.#numSteps += 1;
    checkPlan(plan, before, this.#options, this.#pool.numFreeBlocks);
    this.#checkAdmissionOrder(plan);
    const sampled = this.#rank.run(plan);
    this.#disturb(plan);
    const { finished } = this.#scheduler.commit(plan, sampled);
    this.#scheduler.checkIntegrity();
    for (const entry of plan.entries) {
      if (entry.wantsAllRows) this.#score(entry.sequence, entry.start, entry.count);
    }
    for (const { sequence } of finished) this.#finish(sequence);
  }

  /** What may happen while the ranks are at work. */
  #disturb(plan: StepPlan): void {
    this.#arrive();
    if (this.#random() >= this.#options.abortRate) return;
    const usedBlocks = this.#pool.numUsedBlocks;
    const isBystander = this.#random() < 0.5;
    const victim = this.#abortOne(isBystander ? null : plan.entries[this.#below(plan.entries.length)]!.sequence.id);
    if (victim === null || !plan.entries.some((entry) => entry.sequence === victim)) return;
    this.#numAbortsInFlight += 1;
    expect(this.#pool.numUsedBlocks).toBe(usedBlocks);
    this.#scheduler.checkIntegrity();
  }

  #finish(sequence: Sequence): void {
    this.#end(sequence);
    this.#numFinished += 1;
    const { maxModelLen, vocabSize } = this.#options;
    expect(sequence.outputTokenIds).toEqual(outputAlone(sequence, maxModelLen, vocabSize));
    expect(sequence.blockTable).toEqual([]);
    const numRows = sequence.request.promptLogprobs === null ? 0 : sequence.numPromptTokens;
    expect(this.#rows.get(sequence) ?? 0).toBe(numRows);
  }

  #end(sequence: Sequence): void {
    expect(this.#unfinished.delete(sequence.id)).toBe(true);
    expect(sequence.status).toBe('finished');
    this.#ended.push(sequence);
  }

  /** Rows come in order and once each. */
  #score(sequence: Sequence, start: number, count: number): void {
    expect(start).toBe(this.#rows.get(sequence) ?? 0);
    this.#rows.set(sequence, start + count);
    expect(start + count).toBeLessThanOrEqual(sequence.numPromptTokens);
  }

  #checkAdmissionOrder(plan: StepPlan): void {
    for (const { request, arrivalOrder, numPreemptions } of plan.admitted) {
      if (numPreemptions > 0) continue;
      expect(arrivalOrder).toBeGreaterThan(this.#lastAdmitted.get(request.priority) ?? -1);
      this.#lastAdmitted.set(request.priority, arrivalOrder);
    }
  }

  /** Aborts a given sequence, or any unfinished one when none is given. */
  #abortOne(wanted: number | null = null): Sequence | null {
    const ids = [...this.#unfinished.keys()];
    const id = wanted ?? ids[this.#below(ids.length)];
    if (id === undefined) return null;
    const sequence = this.#scheduler.abort(id);
    expect(sequence).toBe(this.#unfinished.get(id));
    this.#end(sequence!);
    return sequence;
  }

  #arrive(): void {
    while (this.#numAdded < this.#options.numSequences && this.#random() < this.#options.arrivalRate / 2) {
      const sequence = this.#newSequence(this.#numAdded++);
      if (!this.#scheduler.canEverFit(sequence)) continue;
      this.#scheduler.add(sequence);
      this.#unfinished.set(sequence.id, sequence);
    }
  }

  #newSequence(id: number): Sequence {
    const { maxModelLen } = this.#options;
    const prefix = this.#prefixes[this.#below(4)] ?? [];
    const promptLength = 1 + this.#below(maxModelLen);
    const shared = prefix.slice(0, this.#below(promptLength + 1));
    const prompt = [...shared, ...this.#tokens(promptLength - shared.length)];
    return makeSequence(id, prompt, {
      maxTokens: this.#below(2 * maxModelLen),
      minTokens: this.#below(4),
      ignoreEos: this.#random() < 0.5,
      stopTokenIds: this.#tokens(this.#below(2)),
      priority: this.#below(3) - 1,
      cacheSalt: this.#random() < 0.2 ? 'salt' : null,
      promptLogprobs: this.#random() < 0.15 ? 1 : null,
    });
  }

  #tokens(count: number): number[] {
    return Array.from({ length: count }, () => this.#below(this.#options.vocabSize));
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

/** Runs random traffic to its end. @throws when any rule is broken on the way */
export function simulate(options: SimulationOptions): SimulationSummary {
  return new Simulation(options).run();
}
