import { MessageStream } from '@anthropic-ai/sdk/lib/MessageStream';
import { describe, expect, it } from 'vitest';
import type { GenerationEvent } from '../../../src/engine/engine.ts';
import { type AnswerStyle, PLAIN_ANSWER } from '../../../src/openai/answer-reader.ts';
import { messageResponse } from '../../../src/openai/messages/message-response.ts';
import { MessageStreamRenderer } from '../../../src/openai/messages/message-stream.ts';
import { type MessagesPlan, parseMessages } from '../../../src/openai/messages/parse-messages.ts';
import { messageEventsOf } from '../../http/support/message-events.ts';
import { call, calls, finish, marks, start, thinking } from '../support/deepseek-answer.ts';
import { registryOf, servedModel } from '../support/served.ts';

async function planOf(answer: AnswerStyle): Promise<MessagesPlan> {
  const body = { max_tokens: 100, messages: [{ role: 'user', content: 'q' }], stream: true };
  return { ...(await parseMessages(body, registryOf(servedModel()))), answer };
}

function eventsOf(plan: MessagesPlan, texts: readonly string[], end: GenerationEvent = finish) {
  const renderer = new MessageStreamRenderer(plan);
  const deltas = texts.map((text) => ({ type: 'delta', text, tokenIds: [1], logprobs: null }) as const);
  const frames = [start, ...deltas, end].map((event) => renderer.event(0, event));
  return messageEventsOf([renderer.open(), ...frames, renderer.close()].join(''));
}

/** What Anthropic's own SDK makes of the events. */
async function gathered(plan: MessagesPlan, texts: readonly string[]): Promise<unknown> {
  const lines = eventsOf(plan, texts)
    .filter((event) => event.type !== 'ping')
    .map((event) => `${JSON.stringify(event)}\n`);
  const message = await MessageStream.fromReadableStream(new Blob(lines).stream()).finalMessage();
  return JSON.parse(JSON.stringify(message));
}

const answers: [string, AnswerStyle, string, object[], string][] = [
  ['text', PLAIN_ANSWER, 'Hello.', [{ type: 'text', text: 'Hello.' }], 'end_turn'],
  [
    'a call',
    marks,
    calls(call('weather', '{"city":"Oslo","days":[1,2]}')),
    [{ type: 'tool_use', name: 'weather', input: { city: 'Oslo', days: [1, 2] } }],
    'tool_use',
  ],
  [
    'text and two calls, one without arguments',
    marks,
    `I look.\n${calls(call('weather', '{"city":"Oslo"}'), call('time', ''))}`,
    [
      { type: 'text', text: 'I look.' },
      { type: 'tool_use', name: 'weather', input: { city: 'Oslo' } },
      { type: 'tool_use', name: 'time', input: {} },
    ],
    'tool_use',
  ],
  [
    'thinking, text and a call',
    thinking,
    `<think>Hm.</think>I look.${calls(call('time', '{"zone":"é😀"}'))}`,
    [
      { type: 'thinking', thinking: 'Hm.', signature: '' },
      { type: 'text', text: 'I look.' },
      { type: 'tool_use', name: 'time', input: { zone: 'é😀' } },
    ],
    'tool_use',
  ],
];

describe.each(answers)('%s', (_, style, text, content, stopReason) => {
  it('is rendered in one piece', async () => {
    const outcome = { start, text, tokenIds: [1], logprobs: [], finish };
    const message = messageResponse(await planOf(style), [outcome]);
    expect(message).toMatchObject({ content, stop_reason: stopReason });
  });

  it('is gathered by the SDK to the same, wherever its text is cut', async () => {
    const plan = await planOf(style);
    const outcome = { start, text, tokenIds: [1], logprobs: [], finish };
    const ids = {
      content: content.map((block) => ('name' in block ? { id: expect.stringMatching(/^toolu_\w{24}$/) } : {})),
    };
    const whole = messageResponse(plan, [outcome]) as { content: object[] };
    for (let size = 1; size <= text.length; size = Math.ceil(size * 1.7)) {
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? [];
      const message = (await gathered(plan, pieces)) as { content: object[] };
      expect(message).toMatchObject(ids);
      expect(message).toMatchObject({
        ...whole,
        content: whole.content.map((block) => ('id' in block ? { ...block, id: expect.any(String) } : block)),
      });
    }
  });
});

it('blocks are numbered, begun and ended one after another', async () => {
  const text = `<think>Hm.</think>I look.${calls(call('time', '{}'), call('weather', '{"city":"Oslo"}'))}`;
  const events = eventsOf(await planOf(thinking), [text]);
  const summary = events.map(({ type, index, delta, content_block: block }) =>
    [type, index, (delta as { type?: string })?.type, (block as { type?: string })?.type].filter(
      (x) => x !== undefined,
    ),
  );
  expect(summary).toEqual([
    ['message_start'],
    ['content_block_start', 0, 'thinking'],
    ['ping'],
    ['content_block_delta', 0, 'thinking_delta'],
    ['content_block_delta', 0, 'signature_delta'],
    ['content_block_stop', 0],
    ['content_block_start', 1, 'text'],
    ['content_block_delta', 1, 'text_delta'],
    ['content_block_stop', 1],
    ['content_block_start', 2, 'tool_use'],
    ['content_block_delta', 2, 'input_json_delta'],
    ['content_block_stop', 2],
    ['content_block_start', 3, 'tool_use'],
    ['content_block_delta', 3, 'input_json_delta'],
    ['content_block_stop', 3],
    ['message_delta'],
    ['message_stop'],
  ]);
});

it('a call that was cut off has the members that are complete, and the reason of the cut', async () => {
  const plan = await planOf(marks);
  const text =
    '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{"city":"Oslo","note":"unfin';
  const cut = { ...finish, reason: 'length', numCompletionTokens: 100 } as const;
  const message = messageResponse(plan, [{ start, text, tokenIds: [1], logprobs: [], finish: cut }]);
  expect(message).toMatchObject({
    content: [{ type: 'tool_use', name: 'weather', input: { city: 'Oslo' } }],
    stop_reason: 'max_tokens',
  });
  expect(eventsOf(plan, [text], cut).at(-2)).toMatchObject({ delta: { stop_reason: 'max_tokens' } });
});

it('a stop string that the request did not name is no stop sequence', async () => {
  const outcome = { start, text: 'a', tokenIds: [1], logprobs: [], finish: { ...finish, stopReason: 'X' } };
  expect(messageResponse(await planOf(PLAIN_ANSWER), [outcome])).toMatchObject({
    stop_reason: 'end_turn',
    stop_sequence: null,
  });
});

it('usage counts the tokens of the thinking, marks included', async () => {
  const text = '<think>Hm.</think>Yes.';
  const tokenIds = [...Buffer.from(text)];
  const plan = await planOf(thinking);
  const details = { output_tokens_details: { thinking_tokens: '<think>Hm.</think>'.length } };
  const message = messageResponse(plan, [{ start, text, tokenIds, logprobs: [], finish }]);
  expect(message).toMatchObject({ usage: details });
  const renderer = new MessageStreamRenderer(plan);
  const begun = renderer.event(0, start);
  for (const id of tokenIds) {
    const delta = { type: 'delta', text: String.fromCharCode(id), tokenIds: [id], logprobs: null } as const;
    renderer.event(0, delta);
  }
  expect(messageEventsOf(begun)[0]).toMatchObject({
    message: { usage: { output_tokens_details: { thinking_tokens: 0 } } },
  });
  expect(messageEventsOf(renderer.event(0, finish)).at(-1)).toMatchObject({ usage: details });
});
