import { invariant } from '../errors.ts';
import type { BlockPool } from '../kv-cache/block-pool.ts';
import { finishOf } from './finish.ts';
import { RunningList } from './running-list.ts';
import { checkSchedulerConfig, maxRunningSequences, type SchedulerConfig } from './scheduler-config.ts';
import type { Sequence } from './sequence.ts';
import { SequenceCache } from './sequence-cache.ts';
import { StepBuilder } from './step-builder.ts';
import type { CommitResult, FinishedSequence, ScheduledEntry, StepPlan } from './step-plan.ts';
import { WaitingQueue } from './waiting-queue.ts';

interface InFlight {
  readonly plan: StepPlan;
  readonly sequences: ReadonlySet<Sequence>;
  /** Of sequences that ended while this step, the last to do so, may still write to them. */
  readonly heldBlockTables: (readonly number[])[];
}

/**
 * Decides what each step computes: `plan`, run it, `commit`, over and over. In the spirit of vLLM's V1 scheduler.
 *
 * - One token budget per step. Decodes come first, then running prefills continue, then waiting sequences are admitted.
 * - Order is by priority (lower first), then by arrival; the head of the queue is never overtaken.
 * - A sequence is admitted when the free blocks hold all its known tokens, beside what running prefills still need and
 *   one block of growth for each running sequence.
 * - When a running sequence finds no block, the worst-ranked one behind it is preempted: it loses its blocks, keeps its
 *   output, waits again and later computes its tokens anew. With nobody behind it, it pauses and keeps what it has.
 *   So the best-ranked sequence advances in every step, and every sequence ends once those before it have ended.
 * - A sequence whose next block is just being computed for another one waits for it instead of computing it twice.
 *
 * One step is in flight, or two where the second one does not depend on what the first one samples ({@link planAhead}).
 */
export class Scheduler {
  readonly #config: SchedulerConfig;
  readonly #pool: BlockPool;
  readonly #cache: SequenceCache;
  readonly #maxRunning: number;
  readonly #waiting = new WaitingQueue();
  readonly #running = new RunningList();
  readonly #sequences = new Map<number, Sequence>();
  /** Plans in flight, oldest first. */
  readonly #inFlight: InFlight[] = [];
  #numArrived = 0;

  constructor(config: SchedulerConfig, pool: BlockPool) {
    checkSchedulerConfig(config);
    this.#config = config;
    this.#pool = pool;
    this.#cache = new SequenceCache(pool);
    this.#maxRunning = maxRunningSequences(config);
  }

  get numWaiting(): number {
    return this.#waiting.length;
  }

  get numRunning(): number {
    return this.#running.length;
  }

  get hasUnfinished(): boolean {
    return this.#sequences.size > 0;
  }

  /** Whether a sequence can ever run: its length is within maxModelLen and the whole pool holds it. */
  canEverFit(sequence: Sequence): boolean {
    const { numPromptTokens, request } = sequence;
    const longest = Math.min(numPromptTokens + request.maxTokens, this.#config.maxModelLen);
    // The last sampled token is never computed.
    const mostComputed = Math.max(numPromptTokens, longest - 1);
    const leavesRoom = numPromptTokens + Math.min(request.maxTokens, 1) <= this.#config.maxModelLen;
    return numPromptTokens > 0 && leavesRoom && this.#cache.numBlocksFor(mostComputed) <= this.#pool.numBlocks;
  }

  /** Queues a new sequence. @throws InvariantError when {@link canEverFit} is false or its id is taken */
  add(sequence: Sequence): void {
    invariant(this.canEverFit(sequence), `sequence ${sequence.id} can never fit`);
    invariant(!this.#sequences.has(sequence.id), `sequence id ${sequence.id} is taken`);
    invariant(sequence.status === 'waiting' && sequence.numOutputTokens === 0, `sequence ${sequence.id} is not new`);
    sequence.arrivalOrder = this.#numArrived++;
    this.#sequences.set(sequence.id, sequence);
    this.#waiting.push(sequence);
  }

  /**
   * Ends a sequence from outside; it appears in no later plan or commit. Its blocks are free at once, or, when the step
   * in flight may still write to them, with that step's commit.
   * @returns the sequence, or null when no unfinished one has this id
   */
  abort(id: number): Sequence | null {
    const sequence = this.#sequences.get(id);
    if (sequence === undefined) return null;
    if (sequence.status === 'waiting') {
      this.#waiting.remove(sequence);
    } else {
      this.#leave(sequence);
    }
    this.#end(sequence);
    return sequence;
  }

  /**
   * Plans the next step, with none in flight. Costs O(running + admitted), plus the prefix
   * look-up of one sequence that has to wait.
   * @returns null when nothing is left to compute
   */
  plan(): StepPlan | null {
    invariant(this.#inFlight.length === 0, 'the step in flight is not committed');
    const plan = this.#plan(() => true);
    invariant(plan !== null || !this.hasUnfinished, 'sequences are unfinished but none can advance');
    return plan;
  }

  /**
   * Plans the step after the one in flight before that is done, as if nobody ended in it but by length: whoever does end is computed
   * for nothing. Both are to be committed in order.
   * @param isAllowed whether a sequence may be computed before its last token is known, and sampled before anybody has seen that
   * @returns null where the outcome has to be known first: for a sequence that is not allowed, or for want of blocks
   */
  planAhead(isAllowed: (sequence: Sequence) => boolean): StepPlan | null {
    invariant(this.#inFlight.length === 1, 'one step is in flight when the next is planned ahead');
    let owedBlocks = 0;
    for (const sequence of this.#running) {
      if (this.#isSettled(sequence)) continue;
      if (sequence.numPendingTokens > 0 && !isAllowed(sequence)) return null;
      owedBlocks += this.#cache.numOwedBlocks(sequence);
    }
    const next = this.#waiting.peek();
    const isNextHeldUp = next !== null && this.#running.length < this.#maxRunning && !isAllowed(next);
    // Nobody is preempted for a step that may turn out to be needless.
    if (isNextHeldUp || owedBlocks > this.#pool.numFreeBlocks) return null;
    return this.#plan(isAllowed);
  }

  /**
   * Takes in the results of the step in flight, of two the older one. Sequences that end here have given back their blocks already, or
   * will with the commit of the younger one.
   * @param sampled The next token of every entry that samples; those of sequences that have ended are ignored.
   * @throws InvariantError when `plan` is not that step or a token is missing
   */
  commit(plan: StepPlan, sampled: ReadonlyMap<Sequence, number>): CommitResult {
    invariant(plan === this.#inFlight[0]?.plan, 'this plan is not in flight, or not the oldest');
    this.#endStep();
    const finished: FinishedSequence[] = [];
    for (const entry of plan.entries) {
      if (entry.sequence.status === 'finished') continue;
      const end = this.#commitEntry(entry, sampled);
      if (end !== null) finished.push(end);
    }
    return { finished };
  }

  /** Ends all unfinished sequences in scheduling order, for a failed engine: no step may be running any more. */
  drainAll(): Sequence[] {
    while (this.#inFlight.length > 0) this.#endStep();
    const drained = [...this.#running];
    for (let next = this.#waiting.peek(); next !== null; next = this.#waiting.peek()) {
      drained.push(next);
      this.#waiting.remove(next);
    }
    this.#running.clear();
    for (const sequence of drained) {
      this.#pool.free(this.#cache.detach(sequence));
      this.#end(sequence);
    }
    return drained;
  }

  /** Checks queues, block tables and the pool in O(everything); for tests and idle times. @throws InvariantError */
  checkIntegrity(): void {
    this.#running.checkIntegrity();
    const running = [...this.#running];
    invariant(running.length <= this.#maxRunning, `${running.length} sequences run`);
    invariant(this.#sequences.size === this.numRunning + this.numWaiting, 'a sequence neither runs nor waits');
    for (const sequence of this.#sequences.values()) {
      const isRunning = sequence.status === 'running';
      invariant(isRunning !== this.#waiting.has(sequence), `sequence ${sequence.id} is in the wrong queue`);
      invariant(isRunning || sequence.blockTable.length === 0, `sequence ${sequence.id} waits but holds blocks`);
      const numBlocks = this.#cache.numBlocksFor(sequence.numComputedTokens);
      invariant(numBlocks <= sequence.blockTable.length, `sequence ${sequence.id} lacks blocks of computed tokens`);
    }
    const held = this.#inFlight.flatMap((step) => step.heldBlockTables);
    this.#pool.checkIntegrity([...running.map((sequence) => sequence.blockTable), ...held]);
  }

  #plan(isAdmissible: (sequence: Sequence) => boolean): StepPlan | null {
    let numDecodes = 0;
    for (const sequence of this.#running) {
      if (sequence.numRemainingTokens === 1 && !this.#isSettled(sequence)) numDecodes++;
    }
    const step = new StepBuilder(this.#config, numDecodes);
    const owedBlocks = this.#continueRunning(step);
    if (step.preempted.length === 0) this.#admitWaiting(step, owedBlocks, isAdmissible);
    const plan = step.build();
    if (plan !== null) this.#launch(plan);
    return plan;
  }

  /** Nothing is left to compute once the steps in flight are done. */
  #isSettled(sequence: Sequence): boolean {
    return sequence.numRemainingTokens === 0 || sequence.endsInFlight(this.#config.maxModelLen);
  }

  /** @returns blocks to leave free when admitting: what running sequences still lack, and one more for each */
  #continueRunning(step: StepBuilder): number {
    let owedBlocks = 0;
    // Preemption takes from the end of the list, behind the sequence at hand.
    for (let i = 0; i < this.#running.length; i++) {
      const sequence = this.#running.at(i);
      if (this.#isSettled(sequence)) continue;
      const isDecode = sequence.numRemainingTokens === 1;
      const wanted = isDecode ? 1 : step.chunkLength(sequence, sequence.numPlannedTokens);
      const count = wanted === 0 ? 0 : this.#makeRoom(sequence, wanted, step);
      if (count > 0) this.#cache.allocate(sequence, count);
      if (!isDecode && count > 0) step.addChunk(sequence, count);
      else if (isDecode && count > 0) step.addDecode(sequence);
      else if (isDecode) step.returnDecode();
      owedBlocks += this.#cache.numOwedBlocks(sequence) + 1;
    }
    return owedBlocks;
  }

  /** How many of `count` tokens fit, after preempting others if not even one does. */
  #makeRoom(sequence: Sequence, count: number, step: StepBuilder): number {
    while (this.#cache.numTokensThatFit(sequence, 1) < 1) {
      const victim = this.#running.last();
      if (victim === sequence) return 0;
      if (victim.numRemainingTokens === 1) step.returnDecode();
      this.#preempt(victim);
      step.preempted.push(victim);
    }
    return this.#cache.numTokensThatFit(sequence, count);
  }

  #preempt(sequence: Sequence): void {
    this.#running.remove(sequence);
    this.#pool.free(this.#cache.detach(sequence));
    sequence.status = 'waiting';
    sequence.numPreemptions += 1;
    this.#waiting.push(sequence);
  }

  #admitWaiting(step: StepBuilder, owedBlocks: number, isAdmissible: (sequence: Sequence) => boolean): void {
    let reserve = owedBlocks;
    while (this.#running.length < this.#maxRunning && step.hasRoomForChunk) {
      const sequence = this.#waiting.peek();
      if (sequence === null || !isAdmissible(sequence)) return;
      const prefix = this.#cache.findPrefix(sequence);
      if (this.#isBeingComputed(sequence, prefix.length, step)) return;
      const count = step.chunkLength(sequence, prefix.length * this.#pool.blockSize);
      if (count === 0 || !this.#cache.canAdmit(sequence, prefix, reserve)) return;
      this.#waiting.remove(sequence);
      this.#cache.holdPrefix(sequence, prefix);
      this.#cache.allocate(sequence, count);
      if (sequence.numPreemptions === 0) sequence.numCachedTokens = sequence.numComputedTokens;
      sequence.status = 'running';
      this.#running.add(sequence);
      step.addAdmitted(sequence, count);
      reserve += this.#cache.numOwedBlocks(sequence) + 1;
    }
  }

  /** Whether this very step, or one in flight, computes block `index` of a waiting sequence, as a block of another one. */
  #isBeingComputed(sequence: Sequence, index: number, step: StepBuilder): boolean {
    const hash = sequence.blockHashes[index];
    const end = (index + 1) * this.#pool.blockSize;
    if (hash === undefined || sequence.isScoring || end >= sequence.numTokens) return false;
    const chunks = [...this.#inFlight.flatMap(({ plan }) => plan.entries), ...step.chunks];
    return chunks.some((chunk) => {
      const covers = chunk.start < end && end <= chunk.start + chunk.count;
      return covers && chunk.sequence.blockHashes[index] === hash;
    });
  }

  #commitEntry(entry: ScheduledEntry, sampled: ReadonlyMap<Sequence, number>): FinishedSequence | null {
    const { sequence } = entry;
    const position = entry.start + entry.count;
    sequence.numTokensInFlight -= entry.count;
    if (entry.samples) sequence.numPendingTokens -= 1;
    this.#cache.advance(sequence, position);
    if (entry.wantsAllRows) sequence.numScoredTokens = position;
    if (entry.samples) {
      const token = sampled.get(sequence);
      invariant(token !== undefined, `no token was sampled for sequence ${sequence.id}`);
      sequence.outputTokenIds.push(token);
    } else if (position < sequence.numTokens) {
      return null;
    }
    const finish = finishOf(sequence, this.#config.maxModelLen);
    if (finish === null) return null;
    this.#leave(sequence);
    this.#end(sequence);
    return { sequence, ...finish };
  }

  #launch(plan: StepPlan): void {
    for (const { sequence, count, samples } of plan.entries) {
      sequence.numTokensInFlight += count;
      if (samples) sequence.numPendingTokens += 1;
    }
    const sequences = new Set(plan.entries.map(({ sequence }) => sequence));
    this.#inFlight.push({ plan, sequences, heldBlockTables: [] });
  }

  /** The ranks are done with the oldest step. */
  #endStep(): void {
    for (const blockTable of this.#inFlight.shift()?.heldBlockTables ?? []) this.#pool.free(blockTable);
  }

  /** A sequence runs no more. A step in flight may still write to its blocks: they are free once the last one is committed. */
  #leave(sequence: Sequence): void {
    this.#running.remove(sequence);
    const blockTable = this.#cache.detach(sequence);
    const last = this.#inFlight.findLast(({ sequences }) => sequences.has(sequence));
    if (last) last.heldBlockTables.push(blockTable);
    else this.#pool.free(blockTable);
  }

  #end(sequence: Sequence): void {
    sequence.status = 'finished';
    this.#sequences.delete(sequence.id);
  }
}
