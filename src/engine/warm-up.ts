import { BlockPool } from '../kv-cache/block-pool.ts';
import type { Runner } from '../runner/runner.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { SchedulerConfig } from '../scheduler/scheduler-config.ts';
import { Sequence, type SequenceRequest } from '../scheduler/sequence.ts';

/** Smallest token budget that warm-up tries. */
const SMALLEST_BUDGET = 16;
/** Prompt length of the steps that are measured, where the context allows it. */
const PROMPT_TOKENS = 256;

export interface WarmUpOptions {
  readonly runner: Runner;
  readonly scheduler: SchedulerConfig;
  readonly pool: { readonly numBlocks: number; readonly blockSize: number };
  readonly targetMs: number;
  readonly onStep: (numTokens: number, stepMs: number) => void;
}

export interface TokenBudget {
  readonly numTokens: number;
  readonly stepMs: number;
}

/**
 * Runs prefill steps of doubling size, which also fills ONNX Runtime's arena, and returns the largest token budget
 * whose step stays under the target: the time of one step is the longest gap that a prefill can tear into other streams.
 */
export function measureTokenBudget(options: WarmUpOptions): TokenBudget {
  const { maxNumBatchedTokens } = options.scheduler;
  let best: TokenBudget | null = null;
  for (
    let budget = Math.min(SMALLEST_BUDGET, maxNumBatchedTokens);
    ;
    budget = Math.min(budget * 2, maxNumBatchedTokens)
  ) {
    const stepMs = Math.min(timeStep(options, budget), timeStep(options, budget));
    options.onStep(budget, stepMs);
    if (best !== null && stepMs > options.targetMs) return best;
    best = { numTokens: budget, stepMs };
    if (budget === maxNumBatchedTokens || stepMs > options.targetMs) return best;
  }
}

/** Milliseconds of one step that prefills `numTokens` tokens. The blocks it writes are in nobody's cache. */
function timeStep(options: WarmUpOptions, numTokens: number): number {
  const pool = new BlockPool({ ...options.pool, enablePrefixCaching: false });
  const scheduler = new Scheduler({ ...options.scheduler, maxNumBatchedTokens: numTokens }, pool);
  const longest = Math.min(PROMPT_TOKENS, options.scheduler.maxModelLen - 1, pool.numBlocks * pool.blockSize - 1);
  for (let left = numTokens, id = 0; left > 0; left -= longest, id++) {
    const sequence = new Sequence(id, promptOf(Math.min(left, longest)), []);
    if (scheduler.canEverFit(sequence)) scheduler.add(sequence);
  }
  const plan = scheduler.plan();
  if (plan === null) return 0;
  const begin = performance.now();
  options.runner.start(plan);
  options.runner.wait();
  const elapsed = performance.now() - begin;
  scheduler.drainAll();
  return elapsed;
}

function promptOf(numTokens: number): SequenceRequest {
  return {
    promptTokenIds: new Array<number>(numTokens).fill(0),
    maxTokens: 1,
    sampling: { minTokens: 0, ignoreEos: false, stopTokenIds: [], repetitionDetection: null },
    priority: 0,
    cacheSalt: null,
    promptLogprobs: null,
  };
}
