import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnswerPart, type AnswerStyle, openAnswer, PLAIN_ANSWER } from '../../src/openai/answer-reader.ts';
import { chatFinishReason, readAnswer } from '../../src/openai/read-answer.ts';
import { layOutDeepseekTools } from '../../src/text/deepseek-tools.ts';
import { jsonCall } from '../../src/text/json-tools.ts';

const JSON_STYLE: AnswerStyle = {
  ...PLAIN_ANSWER,
  hasTools: true,
  toolNames: ['get_weather', 'set-timer'],
  maxCalls: 100,
};
const MARK_STYLE: AnswerStyle = { ...JSON_STYLE, toolFormat: 'deepseek' };
const EXACT_STYLE: AnswerStyle = { ...JSON_STYLE, isExact: true };

const CALLS_BEGIN = '<｜tool▁calls▁begin｜>';
const CALLS_END = '<｜tool▁calls▁end｜>';
const marked = (name: string, args: string) =>
  `<｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\n\`\`\`json\n${args}\n\`\`\`<｜tool▁call▁end｜>`;

/** What an answer comes to, with the ids (drawn anew each time) left out. */
function read(style: AnswerStyle, pieces: readonly string[]) {
  const reader = openAnswer(style);
  const parts: AnswerPart[] = [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
  const result = { reasoning: '', text: '', calls: [] as { name: string; arguments: string }[] };
  for (const part of parts) {
    if (part.type === 'reasoning') result.reasoning += part.text;
    else if (part.type === 'text') result.text += part.text;
    else if (part.type === 'toolCall') result.calls[part.index] = { name: part.name, arguments: '' };
    else result.calls[part.index]!.arguments += part.text;
  }
  return result;
}
const whole = (style: AnswerStyle, text: string) => read(style, [text]);
const textOnly = (text: string) => ({ reasoning: '', text, calls: [] });
const weather = { name: 'get_weather', arguments: '{"city": "Paris"}' };
const timer = { name: 'set-timer', arguments: '{"minutes": 5, "note": "a \\"}\\" b", "list": [{}]}' };

describe('JSON calls', () => {
  const one = jsonCall(weather.name, weather.arguments);
  const two = jsonCall(timer.name, timer.arguments);

  it.each([
    ['a call', one, '', [weather]],
    ['strings and brackets inside', two, '', [timer]],
    ['calls on a line each', `${one}\n${two}`, '', [weather, timer]],
    ['calls on end', `${one}${two}`, '', [weather, timer]],
    ['an array', `[${one}, ${two}]`, '', [weather, timer]],
    ['an array over lines', `[\n  ${one},\n  ${two}\n]\n`, '', [weather, timer]],
    ['a fence', `\`\`\`json\n${one}\n\`\`\``, '', [weather]],
    ['a fence without a language', `\`\`\`\n${one}\n\`\`\`\n`, '', [weather]],
    ['several in a fence', `\`\`\`json\n${one}\n${two}\n\`\`\``, '', [weather, timer]],
    ['an array in a fence', `\`\`\`json\n[${one},${two}]\n\`\`\``, '', [weather, timer]],
    ['white space around', `\n\n  ${one}  \n\n`, '', [weather]],
    ['text before', `Let me look.\n\n${one}`, 'Let me look.', [weather]],
    ['text after', `${one}\nThat is it.`, '\nThat is it.', [weather]],
    ['text between', `${one}\nand\n${two}`, '\nand', [weather, timer]],
    [
      'free spacing',
      '{ "name" :\n"get_weather" , "parameters": { "city": "Paris" } }',
      '',
      [{ name: 'get_weather', arguments: '{ "city": "Paris" }' }],
    ],
    ['no arguments', '{"name": "get_weather", "arguments": {}}', '', [{ name: 'get_weather', arguments: '{}' }]],
    ['a missing last brace', one.slice(0, -1), '', [weather]],
    ['arguments cut off', one.slice(0, -5), '', [{ name: 'get_weather', arguments: '{"city": "Par' }]],
    ['more members', `${one.slice(0, -1)}, "id": 3}`, ', "id": 3}', [weather]],
  ])('%s', (_, text, content, calls) => {
    expect(whole(JSON_STYLE, text)).toEqual({ reasoning: '', text: content, calls });
  });

  it.each([
    'Just text.',
    ' leading and trailing space \n\n',
    '{"name": "unknown", "arguments": {"city": "Paris"}}',
    '{"name": "get_weather"}',
    '{"name": "get_weather", "arguments": "Paris"}',
    '{"name": "get_weather", "arguments": ',
    '{"arguments": {}, "name": "get_weather"}',
    `See ${one}`,
    '```json\n{"a": 1}\n```',
    '[1, 2, 3]',
    '{"na',
    '```',
    '``` js\nlet a = {};\n```\n\n{"name":',
    '',
  ])('leaves %j as text', (text) => {
    expect(whole(JSON_STYLE, text)).toEqual(textOnly(text));
  });

  it('shows text at once unless a call may begin', () => {
    const reader = openAnswer(JSON_STYLE);
    expect(reader.push('Hello')).toEqual([{ type: 'text', text: 'Hello' }]);
    expect(reader.push(' world')).toEqual([{ type: 'text', text: ' world' }]);
    expect(reader.push('\n{"name"')).toEqual([]);
    expect(reader.push(': 5')).toEqual([{ type: 'text', text: '\n{"name": 5' }]);
  });

  it('shows a call before its arguments are there, and the arguments as they come', () => {
    const reader = openAnswer(JSON_STYLE);
    expect(reader.push('{"name": "get_weather", "arguments": ')).toEqual([]);
    const id = expect.stringMatching(/^call_[A-Za-z0-9]{24}$/);
    expect(reader.push('{')).toEqual([
      { type: 'toolCall', index: 0, id, name: 'get_weather' },
      { type: 'toolArguments', index: 0, text: '{' },
    ]);
    expect(reader.push('"ci')).toEqual([{ type: 'toolArguments', index: 0, text: '"ci' }]);
  });

  it('reads names as long as any API allows them', () => {
    const call = { name: 'n'.repeat(128), arguments: '{}' };
    const style = { ...JSON_STYLE, toolNames: [call.name] };
    const expected = { reasoning: '', text: '', calls: [call] };
    const text = jsonCall(call.name, call.arguments);
    expect(whole(style, text)).toEqual(expected);
    expect(whole({ ...style, isExact: true }, text)).toEqual(expected);
    expect(whole(MARK_STYLE, `${CALLS_BEGIN}${marked(call.name, call.arguments)}${CALLS_END}`)).toEqual(expected);
  });

  it('keeps to calls as a grammar spells them where it is exact', () => {
    const exact = (text: string) => whole(EXACT_STYLE, text);
    expect(exact(`${one}\n${two}`)).toEqual({ reasoning: '', text: '', calls: [weather, timer] });
    for (const text of [` ${one}`, `\n${one}`, `Text\n${one}`, `[${one}]`, one.replace(' "arg', '"arg')]) {
      expect(exact(text)).toEqual(textOnly(text));
    }
    expect(exact(`${one}\n\n${two}`)).toMatchObject({ calls: [weather], text: `\n\n${two}` });
  });
});

describe('calls between marks', () => {
  const one = marked(weather.name, weather.arguments);
  const two = marked(timer.name, timer.arguments);

  it.each([
    ['a call', `${CALLS_BEGIN}${one}${CALLS_END}`, '', [weather]],
    ['several', `${CALLS_BEGIN}${one}\n${two}${CALLS_END}`, '', [weather, timer]],
    ['text before', `I look it up.\n${CALLS_BEGIN}${one}${CALLS_END}`, 'I look it up.', [weather]],
    ['text after', `${CALLS_BEGIN}${one}${CALLS_END}Done.`, 'Done.', [weather]],
    ['no mark around the calls', `${one}${two}`, '', [weather, timer]],
    ['a missing end', `${CALLS_BEGIN}${one}`, '', [weather]],
    [
      'the end of the calls in place of the call',
      `${CALLS_BEGIN}${one.replace(/<[^<]*$/, '')}${CALLS_END}`,
      '',
      [weather],
    ],
    ['two groups', `${CALLS_BEGIN}${one}${CALLS_END}\n${CALLS_BEGIN}${two}${CALLS_END}\n`, '', [weather, timer]],
    ['empty arguments', `${CALLS_BEGIN}${marked('f', '')}${CALLS_END}`, '', [{ name: 'f', arguments: '{}' }]],
    ['arguments cut off', `${CALLS_BEGIN}${one.slice(0, 64)}`, '', [{ name: 'get_weather', arguments: '{"cit' }]],
    [
      'a fence inside',
      `${CALLS_BEGIN}${marked('f', '{"a": "```\\n"}')}${CALLS_END}`,
      '',
      [{ name: 'f', arguments: '{"a": "```\\n"}' }],
    ],
    [
      'less-than signs',
      `a < b <c>${CALLS_BEGIN}${marked('f', '{"a": "<｜tool"}')}${CALLS_END}`,
      'a < b <c>',
      [{ name: 'f', arguments: '{"a": "<｜tool"}' }],
    ],
  ])('%s', (_, text, content, calls) => {
    expect(whole(MARK_STYLE, text)).toEqual({ reasoning: '', text: content, calls });
  });

  it.each([
    'Just text. ',
    `${CALLS_BEGIN}nothing`,
    `a ${CALLS_BEGIN}`,
    `${CALLS_BEGIN}<｜tool▁call▁begin｜>other<｜tool▁sep｜>f`,
    '<｜tool▁call',
    '{"name": "get_weather", "arguments": {}}',
    ' \n',
  ])('leaves %j as text', (text) => {
    expect(whole(MARK_STYLE, text)).toEqual(textOnly(text));
  });

  it("finds the calls that vLLM's parser of DeepSeek's marks finds", () => {
    // tool_call_regex of vLLM's deepseekv3_tool_parser.py.
    const vllm =
      /<｜tool▁call▁begin｜>(?<type>.*)<｜tool▁sep｜>(?<name>.*)\n```json\n(?<args>.*)\n```<｜tool▁call▁end｜>/g;
    const calls = fc.array(fc.tuple(fc.stringMatching(/^[\w-]{1,20}$/), fc.json()), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(calls, (given) => {
        const text = `${CALLS_BEGIN}${given.map(([name, args]) => marked(name, args)).join('\n')}${CALLS_END}`;
        const found = [...text.matchAll(vllm)].map(({ groups }) => ({
          name: groups!['name'],
          arguments: groups!['args'],
        }));
        expect(whole(MARK_STYLE, text).calls).toEqual(found);
      }),
    );
  });

  it('reads back what the history is written as', () => {
    const toolCalls = [weather, timer].map((call, id) => ({ id: String(id), ...call }));
    const { messages } = layOutDeepseekTools([{ role: 'assistant', content: 'Hm.', toolCalls }], '');
    const pieces = messages[0]!.content as readonly (string | { mark: string })[];
    const written = pieces.map((piece) => (typeof piece === 'string' ? piece : piece.mark)).join('');
    expect(whole(MARK_STYLE, written)).toEqual({ reasoning: '', text: 'Hm.', calls: [weather, timer] });
  });
});

describe('reasoning', () => {
  const style: AnswerStyle = { ...PLAIN_ANSWER, reasoning: { isOpen: false, isShown: true } };
  const open: AnswerStyle = { ...PLAIN_ANSWER, reasoning: { isOpen: true, isShown: true } };

  it.each([
    ['before the answer', style, '<think>\nWell.\n</think>\n\nYes.', 'Well.', 'Yes.'],
    ['begun by the prompt', open, 'Well.</think>Yes.', 'Well.', 'Yes.'],
    ['without an end', style, ' <think>Well, </th', 'Well, </th', ''],
    ['of nothing', style, '<think>\n\n</think>\n\nYes.', '', 'Yes.'],
    ['that is not there', style, 'Yes. <think>No</think>', '', 'Yes. <think>No</think>'],
    ['that is not even begun', style, ' <thi', '', ' <thi'],
    ['with less-than signs', open, 'a < b </ c</think> d ', 'a < b </ c', 'd '],
  ])('%s', (_, reasoningStyle, text, reasoning, answer) => {
    expect(whole(reasoningStyle, text)).toEqual({ reasoning, text: answer, calls: [] });
  });

  it('is left out on request', () => {
    const hidden: AnswerStyle = { ...PLAIN_ANSWER, reasoning: { isOpen: false, isShown: false } };
    expect(whole(hidden, '<think>Well.</think>Yes.')).toEqual(textOnly('Yes.'));
  });

  it('comes before calls', () => {
    const text = `<think>{"name": "get_weather"</think>\n${jsonCall(weather.name, weather.arguments)}`;
    const both: AnswerStyle = { ...JSON_STYLE, reasoning: { isOpen: false, isShown: true } };
    expect(whole(both, text)).toEqual({ reasoning: '{"name": "get_weather"', text: '', calls: [weather] });
  });
});

describe('every reader', () => {
  const styles = [JSON_STYLE, EXACT_STYLE, MARK_STYLE, PLAIN_ANSWER].flatMap((style) => [
    style,
    { ...style, reasoning: { isOpen: false, isShown: true } },
    { ...style, reasoning: { isOpen: true, isShown: true } },
  ]);
  const json = fc.json({ maxDepth: 2 }).map((value) => `{"x": ${value}}`);
  const fragment = fc.oneof(
    fc.constantFrom('Text', '\n', ' ', '<', '{', '[', ']', '```json\n', '```', '"', '}', ', ', '💡', '{"name": "'),
    fc.constantFrom('\n'.repeat(70), ' '.repeat(101), '\n'.repeat(250)),
    fc.constantFrom(
      CALLS_BEGIN,
      CALLS_END,
      '<｜tool▁call▁begin｜>function',
      '<think>',
      '</think>',
      '<｜tool▁call▁end｜>',
    ),
    fc.tuple(fc.constantFrom('get_weather', 'set-timer', 'unknown'), json).map(([name, args]) => jsonCall(name, args)),
    fc.tuple(fc.constantFrom('get_weather', 'f'), json).map(([name, args]) => marked(name, args)),
  );
  const answer = fc.array(fragment, { maxLength: 8 }).map((fragments) => fragments.join(''));

  it('finds the same wherever the text is cut', () => {
    fc.assert(
      fc.property(answer, fc.constantFrom(...styles), (text, style) => {
        const expected = whole(style, text);
        expect(read(style, [...text])).toEqual(expected);
        for (let at = 1; at < text.length; at += Math.ceil(text.length / 40)) {
          expect(read(style, [text.slice(0, at), text.slice(at)])).toEqual(expected);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('loses nothing of an answer without calls, and no text beside calls', () => {
    fc.assert(
      fc.property(answer, fc.constantFrom(JSON_STYLE, EXACT_STYLE, MARK_STYLE), (text, style) => {
        const result = whole(style, text);
        if (result.calls.length === 0) expect(result.text).toBe(text);
        // What is shown stands in the answer in this order.
        let at = 0;
        for (const char of result.text) {
          at = text.indexOf(char, at);
          expect(at).toBeGreaterThanOrEqual(0);
          at += char.length;
        }
        for (const call of result.calls) expect(`${text}{}`).toContain(call.arguments);
      }),
      { numRuns: 300 },
    );
  });

  it('never cuts a character in two', () => {
    fc.assert(
      fc.property(answer, fc.constantFrom(...styles), (text, style) => {
        const reader = openAnswer(style);
        const parts = [...[...text].flatMap((char) => reader.push(char)), ...reader.end()];
        for (const part of parts) if ('text' in part) expect(part.text).not.toMatch(/\p{Surrogate}/u);
      }),
      { numRuns: 200 },
    );
  });
});

describe('time', () => {
  it.each([
    ['white space', '\n'],
    ['spaces', ' '],
    ['a name without end', 'a', '{"name": "'],
    ['marks that begin', '<', ''],
    ['brackets', '[', ''],
    ['backticks', '`', '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n'],
    ['a reasoning of spaces', ' ', '<think>'],
  ])(
    'stays linear over %s',
    (_, char, begin = '') => {
      for (const style of [JSON_STYLE, MARK_STYLE, { ...PLAIN_ANSWER, reasoning: { isOpen: false, isShown: true } }]) {
        const reader = openAnswer(style);
        reader.push(begin);
        // Quadratic work would take minutes here.
        for (let i = 0; i < 100_000; i++) reader.push(char);
        reader.end();
      }
    },
    10_000,
  );
});

describe('one call only', () => {
  const calls = `${jsonCall('get_weather', '{}')}\n${jsonCall('set-timer', '{"a": 1}')}\nText`;

  it('leaves further ones out, but not the text', () => {
    const result = readAnswer({ ...JSON_STYLE, maxCalls: 1 }, calls);
    expect(result.calls).toEqual([{ id: expect.any(String), name: 'get_weather', arguments: '{}' }]);
    expect(result.text).toBe('\nText');
  });

  it('has an id of its own each', () => {
    const ids = Array.from({ length: 200 }, () => readAnswer(JSON_STYLE, calls).calls.map(({ id }) => id)).flat();
    expect(new Set(ids).size).toBe(400);
  });
});

describe('finish_reason', () => {
  it("is OpenAI's", () => {
    const named: AnswerStyle = { ...JSON_STYLE, callFinishReason: 'stop' };
    const auto: AnswerStyle = { ...JSON_STYLE, callFinishReason: 'tool_calls' };
    expect(chatFinishReason(auto, 'stop', 1)).toBe('tool_calls');
    expect(chatFinishReason(auto, 'stop', 0)).toBe('stop');
    expect(chatFinishReason(auto, 'length', 1)).toBe('length');
    expect(chatFinishReason(named, 'stop', 1)).toBe('stop');
    expect(chatFinishReason({ ...auto, asFunctionCall: true }, 'stop', 1)).toBe('function_call');
  });
});
