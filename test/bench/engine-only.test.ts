import { expect, it } from 'vitest';
import { EngineTarget } from '../../bench/engine-only.ts';
import { Workload } from '../../bench/workload.ts';
import type { Generation, GenerationEvent } from '../../src/engine/engine.ts';
import type { GenerateRequest } from '../../src/engine/generate-request.ts';
import { GenerationStream } from '../../src/engine/generation-stream.ts';
import { queueFull } from '../../src/errors.ts';

const workload = new Workload({ endpoint: 'completions', model: 'default', vocabSize: 50, seed: 3 });
const START: GenerationEvent = {
  type: 'start',
  numPromptTokens: 5,
  numCachedTokens: 0,
  promptLogprobs: null,
  times: { queueMs: 0, prefillMs: 0, decodeMs: 0 },
};
const DELTA: GenerationEvent = { type: 'delta', text: 'a', tokenIds: [7], logprobs: null };

/** An engine that answers every request with these events. */
function engineOf(events: readonly GenerationEvent[]) {
  const seen: GenerateRequest[] = [];
  let numAbandoned = 0;
  const submit = (requests: readonly GenerateRequest[]): Generation[] => {
    seen.push(...requests);
    return requests.map(() => {
      const stream = new GenerationStream(() => numAbandoned++);
      for (const event of events) stream.push(event);
      return stream;
    });
  };
  return { submit, seen, abandoned: () => numAbandoned };
}

function finish(numCompletionTokens: number): GenerationEvent {
  return { type: 'finish', reason: 'length', stopReason: null, numCompletionTokens };
}

it("sends the workload's prompt greedily and counts what comes back", async () => {
  const engine = engineOf([START, DELTA, DELTA, finish(2)]);
  const request = workload.next({ promptTokens: 5, maxTokens: 2 });
  const result = await new EngineTarget(engine).stream(request, 10);
  expect(result).toMatchObject({ outcome: 'ok', error: null, startedAt: 10, promptTokens: 5, outputTokens: 2 });
  expect(result.tokenTimes).toHaveLength(2);
  const [sent] = engine.seen;
  expect(sent?.promptTokenIds).toEqual((JSON.parse(request.body) as { prompt: number[] }).prompt);
  expect(sent).toMatchObject({ maxTokens: 2, sampling: { temperature: 0, ignoreEos: true } });
});

it('reports an output of another length', async () => {
  const engine = engineOf([START, DELTA, finish(1)]);
  const result = await new EngineTarget(engine).stream(workload.next({ promptTokens: 5, maxTokens: 2 }));
  expect(result).toMatchObject({ outcome: 'error', error: '1 output tokens instead of 2' });
});

it('leaves a request after abortAfter tokens', async () => {
  const engine = engineOf([START, DELTA]);
  const request = workload.next({ promptTokens: 5, maxTokens: 2, abortAfter: 1 });
  expect(await new EngineTarget(engine).stream(request)).toMatchObject({ outcome: 'aborted' });
  expect(engine.abandoned()).toBe(1);
});

it('reports a refused request and one that is not token ids', async () => {
  const full = new EngineTarget({
    submit: () => {
      throw queueFull(1);
    },
  });
  const request = workload.next({ promptTokens: 5, maxTokens: 2 });
  expect(await full.stream(request)).toMatchObject({ outcome: 'error', error: queueFull(1).message });
  const chat = new Workload({ endpoint: 'chat', model: 'default', vocabSize: 50, seed: 3 });
  const result = await new EngineTarget(engineOf([])).stream(chat.next({ promptTokens: 5, maxTokens: 2 }));
  expect(result).toMatchObject({ outcome: 'error', error: 'the engine takes token ids: --endpoint completions' });
});
