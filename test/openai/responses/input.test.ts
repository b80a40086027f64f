import { describe, expect, it } from 'vitest';
import { planOf } from './support/plans.ts';

const user = { role: 'user', content: 'hi' };
const call = (id: string, name = 'f') => ({ type: 'function_call', call_id: id, name, arguments: '{"a":1}' });
const output = (id: string, text = 'done') => ({ type: 'function_call_output', call_id: id, output: text });
const toolCall = (id: string, name = 'f') => ({ id, name, arguments: '{"a":1}' });

/** Name, body, turns. */
const conversations: [string, object, object[]][] = [
  ['a string', { input: 'hi' }, [user]],
  ['instructions', { input: 'hi', instructions: 'Be brief.' }, [{ role: 'system', content: 'Be brief.' }, user]],
  ['empty instructions', { input: 'hi', instructions: '' }, [user]],
  [
    'short messages, developer among them',
    {
      input: [{ role: 'developer', content: 'x' }, { type: null, ...user }, { role: 'assistant', content: 'y' }, user],
    },
    [{ role: 'system', content: 'x' }, user, { role: 'assistant', content: 'y' }, user],
  ],
  [
    'parts, joined by a newline; those of an answer by nothing',
    {
      input: [
        {
          type: 'message',
          role: 'user',
          content: [
            { type: 'input_text', text: 'a' },
            { type: 'input_text', text: 'b' },
          ],
        },
        {
          type: 'message',
          id: 'msg_1',
          status: 'completed',
          role: 'assistant',
          content: [
            { type: 'output_text', text: 'c', annotations: [], logprobs: [] },
            { type: 'refusal', refusal: 'd' },
          ],
        },
        user,
      ],
    },
    [{ role: 'user', content: 'a\nb' }, { role: 'assistant', content: 'cd' }, user],
  ],
  [
    'two calls at once: one turn',
    { input: [user, call('1'), call('2', 'g'), output('1'), output('2')] },
    [
      user,
      { role: 'assistant', content: '', toolCalls: [toolCall('1'), toolCall('2', 'g')] },
      { role: 'tool', content: 'done', toolCallId: '1' },
      { role: 'tool', content: 'done', toolCallId: '2' },
    ],
  ],
  [
    'text, reasoning and a call, another round, an output in parts',
    {
      input: [
        user,
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] },
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' },
        { ...call('1'), id: 'fc_1', status: 'completed' },
        {
          ...output('1'),
          output: [
            { type: 'input_text', text: 'a' },
            { type: 'input_text', text: 'b' },
          ],
        },
        call('2'),
        output('2', ''),
      ],
    },
    [
      user,
      { role: 'assistant', content: 'I look.', toolCalls: [toolCall('1')] },
      { role: 'tool', content: 'a\nb', toolCallId: '1' },
      { role: 'assistant', content: '', toolCalls: [toolCall('2')] },
      { role: 'tool', content: '', toolCallId: '2' },
    ],
  ],
];

it.each(conversations)('%s', async (_, body, turns) => {
  const plan = await planOf(body);
  expect(plan.turns).toEqual(turns);
  expect(plan.options).toMatchObject({ addGenerationPrompt: true });
});

it('lone surrogates become U+FFFD', async () => {
  expect((await planOf({ input: 'a\ud800' })).turns).toEqual([{ role: 'user', content: 'a\ufffd' }]);
});

describe('an unfinished answer at the end', () => {
  const answer = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'One, two' }] };

  it.each(['in_progress', 'incomplete'])('is continued: %s', async (status) => {
    const plan = await planOf({ input: [user, { ...answer, status }] });
    expect(plan.options).toMatchObject({ addGenerationPrompt: false, continueFinalMessage: true });
    expect(plan.requests[0]?.stripLeadingSpace).toBe(false);
  });

  it('is not when it is completed, empty, or not the end', async () => {
    for (const input of [
      [user, { ...answer, status: 'completed' }],
      [user, answer],
      [user, { ...answer, content: '', status: 'incomplete' }],
      [user, { ...answer, status: 'incomplete' }, user],
    ]) {
      expect((await planOf({ input })).options).toMatchObject({ addGenerationPrompt: true });
    }
  });

  it('cannot have a format too', async () => {
    const input = [user, { ...answer, status: 'incomplete' }];
    await expect(planOf({ input, text: { format: { type: 'json_object' } } })).rejects.toMatchObject({
      status: 400,
      param: 'text.format',
    });
  });
});

const item = (value: unknown) => ({ input: [user, value] });
const part = (value: unknown) => ({ input: [{ role: 'user', content: [{ type: 'input_text', text: 'a' }, value] }] });

/** Body, the field at fault, a word of the message. */
const faults: [object, string, string][] = [
  [{}, 'input', 'string or an array'],
  [{ input: null }, 'input', 'string or an array'],
  [{ input: 5 }, 'input', 'string or an array'],
  [{ input: [] }, 'input', 'at least 1'],
  [{ input: new Array(10_001).fill(user) }, 'input', 'at most 10000'],
  [{ input: 'x'.repeat(300) }, 'input', 'too long'],
  [{ input: 'x'.repeat(9000) }, 'input', 'too long'],
  [item('x'), 'input.1', 'must be an object'],
  [item([]), 'input.1', 'must be an object'],
  [item({}), 'input.1.role', 'must be one of'],
  [item({ role: 'tool', content: 'x' }), 'input.1.role', 'must be one of'],
  [item({ role: 'user' }), 'input.1.content', 'string or an array'],
  [item({ role: 'user', content: 5 }), 'input.1.content', 'string or an array'],
  [item({ role: 'user', content: 'x', status: 'late' }), 'input.1.status', 'in_progress'],
  [item({ id: 'msg_1' }), 'input.1', 'nothing is stored'],
  [item({ type: 'item_reference', id: 'msg_1' }), 'input.1', 'nothing is stored'],
  [item({ type: 'web_search_call', id: 'ws_1' }), 'input.1.type', '"web_search_call" items are not supported'],
  [item({ type: 'constructor' }), 'input.1.type', 'must be one of'],
  [item({ type: 7 }), 'input.1.type', 'must be one of'],
  [part({ type: 'input_image', image_url: 'x' }), 'input.0.content.1.type', 'only text parts'],
  [part({ type: 'output_text', text: 'x' }), 'input.0.content.1.type', 'only text parts'],
  [part({ type: 'input_text' }), 'input.0.content.1.text', 'is required'],
  [part('x'), 'input.0.content.1', 'must be an object'],
  [
    item({ role: 'assistant', content: [{ type: 'output_audio' }] }),
    'input.1.content.0.type',
    'must be one of "output_text"',
  ],
  [item({ type: 'function_call', call_id: '1', name: 'f' }), 'input.1.arguments', 'is required'],
  [item({ type: 'function_call', name: 'f', arguments: '' }), 'input.1.call_id', 'is required'],
  [item({ type: 'function_call', call_id: '1', name: '', arguments: '' }), 'input.1.name', 'must not be empty'],
  [item(call('1')), 'input.1.call_id', 'no tool output found for function call "1"'],
  [item(output('1')), 'input.1.call_id', 'no tool call found for function call output with call_id "1"'],
  [{ input: [user, output('1'), call('1')] }, 'input.1.call_id', 'no tool call found'],
  [{ input: [user, call('1'), output('1'), output('1')] }, 'input.3.call_id', 'no tool call found'],
  [{ input: [user, call('1'), call('1'), output('1')] }, 'input.2.call_id', 'same call_id'],
];

it.each(faults.map(([body, param, message]) => ({ body, param, message })))(
  '$param: $message',
  async ({ body, param, message }) => {
    await expect(planOf(body)).rejects.toMatchObject({ status: 400, param, message: expect.stringContaining(message) });
  },
);
