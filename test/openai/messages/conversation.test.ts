import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/errors.ts';
import { messageParam } from '../../../src/openai/messages/content-blocks.ts';
import { toConversation } from '../../../src/openai/messages/conversation.ts';

const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });
const text = (value: string) => ({ type: 'text', text: value });
const call = (id: string, input: object = { city: 'Oslo' }) => ({ type: 'tool_use', id, name: 'weather', input });
const result = (id: string, content?: unknown, extra: object = {}) => ({
  type: 'tool_result',
  tool_use_id: id,
  content,
  ...extra,
});

const convert = (messages: object[], system: string[] = []) =>
  toConversation(
    system,
    messages.map((message) => messageParam.parse(message)),
  );
const turnsOf = (messages: object[], system?: string[]) => convert(messages, system).turns;

function failure(messages: object[]): ApiError {
  try {
    convert(messages);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('must fail');
}

describe('turns', () => {
  it('come from strings and blocks alike', () => {
    expect(turnsOf([user('a')])).toEqual([{ role: 'user', content: 'a' }]);
    expect(turnsOf([user([text('a'), text(''), text('b')])])).toEqual([{ role: 'user', content: 'a\nb' }]);
  });

  it('join neighbours of one role', () => {
    expect(turnsOf([user('a'), user('b'), assistant('c'), assistant([text('d')]), user('e')])).toEqual([
      { role: 'user', content: 'a\nb' },
      { role: 'assistant', content: 'c\nd' },
      { role: 'user', content: 'e' },
    ]);
  });

  it('begin with one system prompt; later system messages are text of the user', () => {
    const system = (content: unknown) => ({ role: 'system', content });
    expect(
      turnsOf([system('two'), user('q'), system([text('note')]), assistant('a'), system('n2'), user('r')], ['one']),
    ).toEqual([
      { role: 'system', content: 'one\ntwo' },
      { role: 'user', content: 'q\nnote' },
      { role: 'assistant', content: 'a' },
      { role: 'user', content: 'n2\nr' },
    ]);
  });

  it("leave Claude Code's billing header out, and a system prompt of nothing", () => {
    const header = 'x-anthropic-billing-header: cc_version=2.1; cch=abc;';
    expect(turnsOf([user('q')], [header, 'Be brief.'])[0]).toEqual({ role: 'system', content: 'Be brief.' });
    expect(turnsOf([user('q')], ['', header])).toEqual([{ role: 'user', content: 'q' }]);
  });

  it('leave thinking out', () => {
    const thought = { type: 'thinking', thinking: 'hm', signature: 's' };
    const redacted = { type: 'redacted_thinking', data: 'xyz' };
    expect(turnsOf([user('q'), assistant([thought, redacted, text('a')]), user('r')])[1]).toEqual({
      role: 'assistant',
      content: 'a',
    });
  });

  it('carry calls and results of tools, results before the text beside them', () => {
    const turns = turnsOf([
      user('q'),
      assistant([text('I look.'), call('t1'), call('t2', {})]),
      user([text('and?'), result('t2', [text('a'), text('b')]), result('t1', 'no such city', { is_error: true })]),
    ]);
    expect(turns.slice(1)).toEqual([
      {
        role: 'assistant',
        content: 'I look.',
        toolCalls: [
          { id: 't1', name: 'weather', arguments: '{"city":"Oslo"}' },
          { id: 't2', name: 'weather', arguments: '{}' },
        ],
      },
      { role: 'tool', content: 'a\nb', toolCallId: 't2' },
      { role: 'tool', content: 'Error: no such city', toolCallId: 't1' },
      { role: 'user', content: 'and?' },
    ]);
  });

  it('a result alone makes no user turn; without content it is empty', () => {
    expect(turnsOf([user('q'), assistant([call('t1')]), user([result('t1')])]).slice(2)).toEqual([
      { role: 'tool', content: '', toolCallId: 't1' },
    ]);
  });

  it('accept a system message between a call and its result', () => {
    const note = { role: 'system', content: 'note' };
    expect(turnsOf([user('q'), assistant([call('t1')]), note, user([result('t1', '5')])]).slice(2)).toEqual([
      { role: 'tool', content: '5', toolCallId: 't1' },
      { role: 'user', content: 'note' },
    ]);
  });
});

describe('a prefill', () => {
  it('is a final assistant message with text', () => {
    expect(convert([user('q'), assistant('The answer is (')])).toEqual({
      turns: [
        { role: 'user', content: 'q' },
        { role: 'assistant', content: 'The answer is (' },
      ],
      isPrefilled: true,
    });
    expect(convert([user('q')]).isPrefilled).toBe(false);
  });

  it.each(['', [], [text('')], [{ type: 'thinking', thinking: 'hm' }]])('is not made by %j', (content) => {
    expect(convert([user('q'), assistant(content)])).toEqual({
      turns: [{ role: 'user', content: 'q' }],
      isPrefilled: false,
    });
  });

  it.each(['a ', 'a\n', 'a\t'])('must not end in white space: %j', (content) => {
    const error = failure([user('q'), assistant(content)]);
    expect(error).toMatchObject({ status: 400, param: 'messages.1.content' });
    expect(error.message).toContain('cannot end with trailing whitespace');
  });
});

describe('calls and results must match', () => {
  it.each([
    ['a call at the end', [user('q'), assistant([call('t1')])], 'messages.1'],
    ['a call without a result', [user('q'), assistant([call('t1')]), user('r')], 'messages.1'],
    ['one of two', [user('q'), assistant([call('t1'), call('t2')]), user([result('t1')])], 'messages.1'],
    ['a result without a call', [user([result('t1')])], 'messages.0.content.0.tool_use_id'],
    [
      'a result too late',
      [user('q'), assistant([call('t1')]), user([result('t1')]), assistant('x'), user([text('y'), result('t1')])],
      'messages.4.content.1.tool_use_id',
    ],
    [
      'two results for a call',
      [user('q'), assistant([call('t1')]), user([result('t1'), result('t1')])],
      'messages.2.content.1.tool_use_id',
    ],
  ])('%s', (_, messages, param) => {
    expect(failure(messages)).toMatchObject({ status: 400, param });
  });

  it('inputs may be deep, but not without end', () => {
    let input: object = {};
    for (let i = 0; i < 60; i++) input = { input };
    expect(() => turnsOf([user('q'), assistant([call('t', input)]), user([result('t')])])).not.toThrow();
    for (let i = 0; i < 20_000; i++) input = { input };
    expect(failure([user('q'), assistant([call('t', input)])])).toMatchObject({ param: 'messages.1.content.0.input' });
  });
});
