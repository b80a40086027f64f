import { ResponseStream } from 'openai/lib/responses/ResponseStream';
import { describe, expect, it } from 'vitest';
import type { GenerationEvent } from '../../../src/engine/engine.ts';
import { ApiError, unavailable } from '../../../src/errors.ts';
import { type AnswerStyle, PLAIN_ANSWER } from '../../../src/openai/answer-reader.ts';
import { parseResponses, type ResponsesPlan } from '../../../src/openai/responses/parse-responses.ts';
import { responsesAnswer } from '../../../src/openai/responses/responses-answer.ts';
import { ResponsesStreamRenderer } from '../../../src/openai/responses/responses-stream.ts';
import { type ResponseEvent, responseEventsOf } from '../../http/support/response-events.ts';
import { call, calls, finish, marks, start, thinking } from '../support/deepseek-answer.ts';
import { scriptedLogprobs } from '../support/scripted-engine.ts';
import { registryOf, servedModel } from '../support/served.ts';

const cut = { ...finish, reason: 'length' } as const;

async function planOf(answer: AnswerStyle, fields: object = {}): Promise<ResponsesPlan> {
  const body = { input: 'q', stream: true, ...fields };
  return { ...(await parseResponses(body, registryOf(servedModel()), null)), answer };
}

const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)];

function eventsOf(plan: ResponsesPlan, texts: readonly string[], end: GenerationEvent = finish): ResponseEvent[] {
  const renderer = new ResponsesStreamRenderer(plan);
  const deltas = texts.map((text): GenerationEvent => {
    const ids = bytesOf(text);
    const logprobs = plan.logprobs === null ? null : ids.map((id) => scriptedLogprobs(id, plan.logprobs ?? 0));
    return { type: 'delta', text, tokenIds: ids, logprobs };
  });
  const opened = renderer.open();
  const frames = [start, ...deltas, end].map((event) => renderer.event(0, event));
  return responseEventsOf([opened, ...frames, renderer.close()].join(''));
}

const outcomeOf = (plan: ResponsesPlan, text: string, end: typeof finish | typeof cut = finish) => ({
  start,
  text,
  tokenIds: bytesOf(text),
  logprobs: plan.logprobs === null ? [] : bytesOf(text).map((id) => scriptedLogprobs(id, plan.logprobs ?? 0)),
  finish: end,
});

/** What OpenAI's own SDK makes of the events, up to the one that tells the end. */
async function gathered(events: readonly ResponseEvent[]): Promise<unknown> {
  const lines = events.map((event) => `${JSON.stringify(event)}\n`);
  return await ResponseStream.fromReadableStream(new Blob(lines).stream()).finalResponse();
}

const part = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] });
const message = (text: string, status = 'completed') => ({
  type: 'message',
  role: 'assistant',
  status,
  content: [part(text)],
});
const functionCall = (name: string, args: string, status = 'completed') => ({
  type: 'function_call',
  call_id: expect.stringMatching(/^call_\w{24}$/),
  name,
  arguments: args,
  status,
});
const reasoning = (text: string, status = 'completed') => ({
  type: 'reasoning',
  summary: [],
  content: [{ type: 'reasoning_text', text }],
  encrypted_content: null,
  status,
});

const answers: [string, AnswerStyle, string, object[]][] = [
  ['text', PLAIN_ANSWER, 'Hello é😀.', [message('Hello é😀.')]],
  ['nothing', PLAIN_ANSWER, '', [message('')]],
  ['a call', marks, calls(call('weather', '{"city":"Oslo"}')), [functionCall('weather', '{"city":"Oslo"}')]],
  [
    'text and two calls',
    marks,
    `I look.\n${calls(call('weather', '{"city":"Oslo"}'), call('time', '{}'))}`,
    [message('I look.'), functionCall('weather', '{"city":"Oslo"}'), functionCall('time', '{}')],
  ],
  [
    'reasoning, text and a call',
    thinking,
    `<think>Hm.</think>I look.${calls(call('time', '{"zone":"é😀"}'))}`,
    [reasoning('Hm.'), message('I look.'), functionCall('time', '{"zone":"é😀"}')],
  ],
];

describe.each(answers)('%s', (_, style, text, output) => {
  it('is rendered in one piece', async () => {
    const plan = await planOf(style);
    const response = responsesAnswer(plan, [outcomeOf(plan, text)]);
    expect(response).toMatchObject({ status: 'completed', error: null, incomplete_details: null, output });
    expect(response.output).toHaveLength(output.length);
    const ids = response.output.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, type } of response.output) {
      expect(id).toMatch({ message: /^msg_\w{32}$/, function_call: /^fc_\w{32}$/, reasoning: /^rs_\w{32}$/ }[type]);
    }
  });

  it('is gathered by the SDK to the same, wherever its text is cut, with and without the last event', async () => {
    const plan = await planOf(style);
    for (let size = 1; size <= text.length + 1; size = Math.ceil(size * 1.7)) {
      const events = eventsOf(plan, text.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? []);
      const last = events.at(-1);
      if (last?.type !== 'response.completed') throw new Error(`ended with ${last?.type}`);
      expect(last.response).toMatchObject({ status: 'completed', output });
      // The events before it must have led to the same output.
      expect(await gathered(events.slice(0, -1))).toMatchObject({
        status: 'in_progress',
        output: last.response.output,
      });
      expect(await gathered(events)).toMatchObject({ output: last.response.output });
    }
  });
});

describe('the order of events', () => {
  const summary = (events: readonly ResponseEvent[]) =>
    events.map((event) => {
      const { type, output_index, content_index } = event as {
        type: string;
        output_index?: number;
        content_index?: number;
      };
      return [type.replace('response.', ''), output_index, content_index].filter((x) => x !== undefined).join(' ');
    });

  it('text', async () => {
    const events = eventsOf(await planOf(PLAIN_ANSWER), ['H', 'i']);
    expect(summary(events)).toEqual([
      'created',
      'in_progress',
      'output_item.added 0',
      'content_part.added 0 0',
      'output_text.delta 0 0',
      'output_text.delta 0 0',
      'output_text.done 0 0',
      'content_part.done 0 0',
      'output_item.done 0',
      'completed',
    ]);
  });

  it('reasoning, text and calls', async () => {
    const text = `<think>Hm.</think>I look.${calls(call('time', '{}'), call('weather', '{"city":"Oslo"}'))}`;
    const events = eventsOf(await planOf(thinking), [text]);
    expect(summary(events)).toEqual([
      'created',
      'in_progress',
      'output_item.added 0',
      'content_part.added 0 0',
      'reasoning_text.delta 0 0',
      'reasoning_text.done 0 0',
      'content_part.done 0 0',
      'output_item.done 0',
      'output_item.added 1',
      'content_part.added 1 0',
      'output_text.delta 1 0',
      'output_text.done 1 0',
      'content_part.done 1 0',
      'output_item.done 1',
      'output_item.added 2',
      'function_call_arguments.delta 2',
      'function_call_arguments.done 2',
      'output_item.done 2',
      'output_item.added 3',
      'function_call_arguments.delta 3',
      'function_call_arguments.done 3',
      'output_item.done 3',
      'completed',
    ]);
  });

  it('whole events of a text', async () => {
    const plan = await planOf(PLAIN_ANSWER, { metadata: { k: 'v' } });
    const events = eventsOf(plan, ['Hi']);
    const item = { id: expect.stringMatching(/^msg_/), type: 'message', role: 'assistant' };
    const place = { item_id: (events[3] as { item_id?: string }).item_id, output_index: 0, content_index: 0 };
    const output = [{ ...item, id: place.item_id, status: 'completed', content: [part('Hi')] }];
    const begun = {
      ...plan.settings,
      status: 'in_progress',
      completed_at: null,
      error: null,
      incomplete_details: null,
      output: [],
      usage: null,
    };
    expect(events).toEqual(
      [
        { type: 'response.created', response: begun },
        { type: 'response.in_progress', response: begun },
        { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
        { type: 'response.content_part.added', ...place, part: part('') },
        { type: 'response.output_text.delta', ...place, delta: 'Hi', logprobs: [] },
        { type: 'response.output_text.done', ...place, text: 'Hi', logprobs: [] },
        { type: 'response.content_part.done', ...place, part: part('Hi') },
        { type: 'response.output_item.done', output_index: 0, item: output[0] },
        {
          type: 'response.completed',
          response: {
            ...begun,
            status: 'completed',
            completed_at: expect.any(Number),
            output,
            usage: {
              input_tokens: 9,
              input_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 },
              output_tokens: 5,
              output_tokens_details: { reasoning_tokens: 0 },
              total_tokens: 14,
            },
          },
        },
      ].map((event, sequence_number) => ({ ...event, sequence_number })),
    );
  });
});

describe('an answer that is cut off', () => {
  it('is incomplete, and so is its last item', async () => {
    const text = `I look.${calls(call('weather', '{"city":"Oslo"}'))}`;
    const short = text.slice(0, text.indexOf('slo'));
    const plan = await planOf(marks);
    const wanted = {
      status: 'incomplete',
      completed_at: null,
      incomplete_details: { reason: 'max_output_tokens' },
      output: [message('I look.'), functionCall('weather', '{"city":"O', 'incomplete')],
    };
    expect(responsesAnswer(plan, [outcomeOf(plan, short, cut)])).toMatchObject(wanted);
    const events = eventsOf(plan, [short], cut);
    expect(events.at(-1)).toMatchObject({ type: 'response.incomplete', response: wanted });
  });

  it('before any text: a message without text', async () => {
    const plan = await planOf(PLAIN_ANSWER);
    expect(responsesAnswer(plan, [outcomeOf(plan, '', cut)]).output).toMatchObject([message('', 'incomplete')]);
  });
});

describe('log-probabilities', () => {
  const fields = { include: ['message.output_text.logprobs'], top_logprobs: 1 };
  const entry = (character: string) => ({
    token: character,
    logprob: -character.charCodeAt(0) / 256,
    bytes: [character.charCodeAt(0)],
    top_logprobs: [{ token: 'a', logprob: -1, bytes: [97] }],
  });

  it('come with their text, and all of them at its end', async () => {
    const plan = await planOf(PLAIN_ANSWER, fields);
    const events = eventsOf(plan, ['H', 'i']);
    const deltas = events.filter((event) => event.type === 'response.output_text.delta');
    expect(deltas.map((event) => event.logprobs)).toEqual([[entry('H')], [entry('i')]]);
    const done = events.find((event) => event.type === 'response.output_text.done');
    expect(done?.logprobs).toEqual([entry('H'), entry('i')]);
    const { output } = responsesAnswer(plan, [outcomeOf(plan, 'Hi')]);
    expect(output).toMatchObject([{ content: [{ logprobs: [entry('H'), entry('i')] }] }]);
  });

  it('of tokens that bring no text, as those of a stop string, come in a delta of none', async () => {
    const plan = await planOf(PLAIN_ANSWER, fields);
    const renderer = new ResponsesStreamRenderer(plan);
    const delta = (text: string, id: number) =>
      renderer.event(0, { type: 'delta', text, tokenIds: [id], logprobs: [scriptedLogprobs(id, 1)] });
    const opened = renderer.open() + renderer.event(0, start) + delta('H', 72) + delta('', 105) + delta('', 33);
    const events = responseEventsOf(opened + renderer.event(0, finish) + renderer.close());
    const deltas = events.filter((event) => event.type === 'response.output_text.delta');
    expect(deltas.map(({ delta, logprobs }) => ({ delta, logprobs }))).toEqual([
      { delta: 'H', logprobs: [entry('H')] },
      { delta: '', logprobs: [entry('i'), entry('!')] },
    ]);
    const done = events.find((event) => event.type === 'response.output_text.done');
    expect(done).toMatchObject({ text: 'H', logprobs: [entry('H'), entry('i'), entry('!')] });
  });

  it('tokens of calls have none, streaming or not', async () => {
    const plan = await planOf(thinking, fields);
    const text = `<think>x</think>Hi${calls(call('time', '{}'))}`;
    const wanted = [{}, { content: [{ text: 'Hi', logprobs: [entry('H'), entry('i')] }] }, {}];
    expect(responsesAnswer(plan, [outcomeOf(plan, text)]).output).toMatchObject(wanted);
    const last = eventsOf(plan, [...text]).at(-1);
    expect(last).toMatchObject({ response: { output: wanted } });
  });
});

it('reasoning is counted in the usage', async () => {
  const plan = await planOf(thinking);
  const details = { output_tokens_details: { reasoning_tokens: '<think>Hm.</think>'.length } };
  expect(responsesAnswer(plan, [outcomeOf(plan, '<think>Hm.</think>Yes.')]).usage).toMatchObject(details);
  expect(eventsOf(plan, ['<think>Hm.', '</think>Yes.']).at(-1)).toMatchObject({ response: { usage: details } });
});

it('timings where they are asked for', async () => {
  const plan = await planOf(PLAIN_ANSWER, { timings: true });
  const timings = { cache_n: 4, prompt_n: 5, predicted_n: 5 };
  expect(responsesAnswer(plan, [outcomeOf(plan, 'Hi')])).toMatchObject({ timings });
  expect(eventsOf(plan, ['Hi']).at(-1)).toMatchObject({ response: { timings } });
  expect(responsesAnswer(await planOf(PLAIN_ANSWER), [outcomeOf(plan, 'Hi')])).not.toHaveProperty('timings');
});

describe('a failure', () => {
  const failed = async (error: ApiError) => {
    const renderer = new ResponsesStreamRenderer(await planOf(PLAIN_ANSWER));
    const delta = { type: 'delta', text: 'Hal', tokenIds: [1], logprobs: null } as const;
    return responseEventsOf(
      renderer.open() + renderer.event(0, start) + renderer.event(0, delta) + renderer.fail(error),
    );
  };

  it('is told as an error event and as a failed response with what there was', async () => {
    const events = await failed(unavailable('The engine has failed.'));
    const told = { code: 'server_unavailable', message: 'The engine has failed.', param: null };
    expect(events.slice(-2)).toEqual([
      {
        type: 'error',
        ...told,
        error: { type: 'service_unavailable_error', ...told },
        sequence_number: events.length - 2,
      },
      expect.objectContaining({
        type: 'response.failed',
        response: expect.objectContaining({
          status: 'failed',
          error: { code: 'server_error', message: 'The engine has failed.' },
          output: [expect.objectContaining(message('Hal', 'incomplete'))],
        }),
      }),
    ]);
  });

  it('of too many requests has its own code', async () => {
    const error = new ApiError(429, 'rate_limit_error', 'Busy.', { code: 'rate_limit_exceeded' });
    expect((await failed(error)).at(-1)).toMatchObject({ response: { error: { code: 'rate_limit_exceeded' } } });
  });
});
