import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { invariant } from '../errors.ts';
import { BlockPool } from '../kv-cache/block-pool.ts';
import { LinkedRankGroup } from '../ranks/linked-rank-group.ts';
import { PagedStepBuffers } from '../ranks/paged-step-buffers.ts';
import { RankLink } from '../ranks/rank-link.ts';
import type { SamplingBuffers } from '../ranks/sampling-buffers.ts';
import { StepBuffers } from '../ranks/step-buffers.ts';
import { CpuRunner } from '../runner/cpu-runner.ts';
import { decodeBuckets } from '../runner/decode-buckets.ts';
import { PagedRunner } from '../runner/paged-runner.ts';
import type { Runner } from '../runner/runner.ts';
import { Sampler } from '../sampling/sampler.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { captureDecodeSteps } from './capture-steps.ts';
import { DeviceTokens } from './device-tokens.ts';
import { EngineCore } from './engine-core.ts';
import { HostTokens } from './host-tokens.ts';
import type { EngineCommand, EngineMessage, EngineWorkerData } from './messages.ts';
import type { TokenSource } from './token-source.ts';
import { measureTokenBudget } from './warm-up.ts';

/** Entry of the engine thread. It never returns to its event loop while it serves: commands are polled once a step. */
const port = parentPort;
invariant(port, 'the engine runs in a worker thread');
const data = workerData as EngineWorkerData;
const bell = new Int32Array(data.bell);
const link = new RankLink(data.linkMemory);

try {
  serve();
} catch (error) {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  send({ type: 'failed', message, stack });
}

function serve(): void {
  const { runner, sampling } = makeRunner();
  const budget = measureTokenBudget({
    runner,
    scheduler: {
      ...data.scheduler,
      maxNumBatchedTokens: data.maxNumBatchedTokens ?? data.scheduler.maxNumBatchedTokens,
    },
    pool: data.pool,
    targetMs: data.stepTargetMs,
    onStep: (numTokens, stepMs) => send({ type: 'warm-up', numTokens, stepMs }),
  });
  const onCapture = (numTokens: number, stepMs: number) => send({ type: 'warm-up', numTokens, stepMs });
  if (data.stepMemory.kind === 'paged') captureDecodeSteps(runner, decodeBuckets(data.scheduler.maxNumSeqs), onCapture);
  const maxNumBatchedTokens = data.maxNumBatchedTokens ?? budget.numTokens;
  const pool = new BlockPool(data.pool);
  const core = new EngineCore({
    scheduler: new Scheduler({ ...data.scheduler, maxNumBatchedTokens }, pool),
    pool,
    runner,
    tokens: makeTokens(runner, sampling),
    vocabSize: data.vocabSize,
    eosTokenIds: data.eosTokenIds,
    emit: send,
  });
  send({ type: 'ready', maxNumBatchedTokens, stepMs: budget.stepMs });
  loop(core, pool);
  link.stop();
  send({ type: 'stopped' });
}

/** The runner for the kind of steps that the rank takes, and what their sampling travels in, slot by slot, where the rank samples. */
function makeRunner(): { readonly runner: Runner; readonly sampling: readonly SamplingBuffers[] } {
  const { stepMemory, pool } = data;
  const { blockSize } = pool;
  if (stepMemory.kind === 'grouped') {
    const ranks = new LinkedRankGroup([{ buffers: new StepBuffers(stepMemory), link }]);
    return { runner: new CpuRunner(ranks, blockSize), sampling: [] };
  }
  const buffers = stepMemory.slots.map((slot) => new PagedStepBuffers(slot));
  const options = { blockSize, decodeBuckets: decodeBuckets(data.scheduler.maxNumSeqs) };
  const sampling = buffers.flatMap((slot) => slot.sampling ?? []);
  return { runner: new PagedRunner(new LinkedRankGroup([{ buffers, link }]), options), sampling };
}

/** @param sampling of each slot where the rank samples; else empty */
function makeTokens(runner: Runner, sampling: readonly SamplingBuffers[]): TokenSource {
  const { logitsWidth, vocabSize } = data;
  const host = new HostTokens(runner, new Sampler({ logitsWidth, vocabSize }));
  return sampling.length === 0 ? host : new DeviceTokens(sampling, host, vocabSize);
}

/** Until told to stop: take commands, step, and sleep when there is nothing to do. */
function loop(core: EngineCore, pool: BlockPool): void {
  for (;;) {
    const rung = Atomics.load(bell, 0);
    if (takeCommands(core)) return;
    if (core.step()) continue;
    pool.checkIntegrity();
    sendIdle(core);
    Atomics.wait(bell, 0, rung);
  }
}

/** Returns true when told to stop. */
function takeCommands(core: EngineCore): boolean {
  for (let message = receiveMessageOnPort(port!); message; message = receiveMessageOnPort(port!)) {
    const command = message.message as EngineCommand;
    switch (command.type) {
      case 'add':
        for (const request of command.requests) core.add(request);
        break;
      case 'abort':
        for (const id of command.sequenceIds) core.abort(id);
        break;
      case 'grammar':
        core.grammars.add(command.key, command.compiled, command.trie);
        break;
      case 'forget-grammar':
        core.grammars.forget(command.key);
        break;
      case 'stop':
        return true;
    }
  }
  return false;
}

/** Gauges must come back to rest after the last abort, which no step follows. */
function sendIdle(core: EngineCore): void {
  send({ type: 'idle', stats: core.stats });
}

function send(message: EngineMessage): void {
  port!.postMessage(message);
}
