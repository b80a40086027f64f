import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGrammar } from '../../src/grammar/compile-grammar.ts';
import { GrammarRunner } from '../../src/grammar/grammar-runner.ts';
import type { GrammarSpec } from '../../src/grammar/grammar-spec.ts';
import { buildTokenTrie, packVocabulary } from '../../src/grammar/token-trie.ts';
import { type AnswerDemands, answerSpec } from '../../src/openai/answer-grammar.ts';
import { type AnswerStyle, PLAIN_ANSWER } from '../../src/openai/answer-reader.ts';
import { readAnswer } from '../../src/openai/read-answer.ts';
import type { ToolDefinition } from '../../src/openai/served-model.ts';
import { toolDefinition } from '../support/tool-definition.ts';
import { tokenizer } from '../text/fixtures.ts';

const special = new Map(tokenizer.addedTokens.map(({ id, content }) => [id, content] as const));
const bytesOf = (id: number) => (special.has(id) ? new Uint8Array(0) : tokenizer.tokenBytes(id));
const EOS = tokenizer.eosTokenId!;
const runner = new GrammarRunner(buildTokenTrie(packVocabulary(tokenizer.size, bytesOf)), [EOS]);
const specialTokens = [...special].map(([id, text]) => ({ id, text }));
const load = (spec: GrammarSpec) => runner.load(compileGrammar(spec, specialTokens));

function accepts(spec: GrammarSpec, text: string): boolean {
  const matcher = load(spec).open(false);
  return tokenizer.encode(text, { specialTokens: 'interpret' }).every((id) => matcher.accept(id)) && matcher.isComplete;
}

/** An output at random under the mask, as at a very high temperature; null when it has not ended after `maxTokens`. */
function draw(spec: GrammarSpec, seed: number, maxTokens: number): string | null {
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const matcher = load(spec).open(false);
  const mask = new Int32Array(Math.ceil(runner.vocabSize / 32));
  const ids: number[] = [];
  while (ids.length < maxTokens) {
    mask.fill(0);
    matcher.fillMask(mask);
    const allowed = Array.from({ length: runner.vocabSize }, (_, id) => id).filter(
      (id) => (mask[id >> 5]! >> (id & 31)) & 1,
    );
    // Ends as soon as it may, and prefers what closes something: random text would go on for ever.
    const closing = allowed.filter((id) => /["}\]]/.test(tokenizer.tokenText(id)));
    const next = allowed.includes(EOS)
      ? EOS
      : closing.length > 0 && random(2) === 0
        ? closing[random(closing.length)]!
        : allowed[random(allowed.length)]!;
    if (next === EOS) return tokenizer.decode(ids, { skipSpecialTokens: false });
    expect(matcher.accept(next)).toBe(true);
    ids.push(next);
  }
  return null;
}

const parameters = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { $ref: '#/$defs/days' } },
  required: ['city'],
  additionalProperties: false,
  $defs: { days: { type: 'integer', minimum: 1, maximum: 7 } },
};
const weather = toolDefinition('get_weather', { parameters });
const timer = toolDefinition('set_timer');

const demands = (
  extra: Partial<AnswerDemands>,
  tools: readonly ToolDefinition[] = [weather, timer],
): AnswerDemands => ({
  tools: tools.map((definition, i) => ({ definition, param: `tools.${i}` })),
  toolChoice: 'auto',
  isParallel: true,
  toolFormat: 'json',
  format: null,
  reasoning: null,
  ...extra,
});
const specOf = (extra: Partial<AnswerDemands>, tools?: readonly ToolDefinition[]) => answerSpec(demands(extra, tools))!;

const json = (name: string, args: string) => `{"name": "${name}", "arguments": ${args}}`;
const marked = (...calls: string[]) => `<｜tool▁calls▁begin｜>${calls.join('\n')}<｜tool▁calls▁end｜>`;
const mark = (name: string, args: string) =>
  `<｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\n\`\`\`json\n${args}\n\`\`\`<｜tool▁call▁end｜>`;
const good = '{"city": "Paris", "days": 3}';
const bad = '{"city": "Paris", "days": 9}';

describe.each([
  ['json', json, (...calls: string[]) => calls.join('\n')],
  ['deepseek', mark, marked],
] as const)('%s calls', (toolFormat, call, calls) => {
  it('are all that there is where one is required', () => {
    const spec = specOf({ toolFormat, toolChoice: 'required' });
    expect(accepts(spec, calls(call('get_weather', good)))).toBe(true);
    expect(accepts(spec, calls(call('get_weather', good), call('set_timer', '{"any": [1]}')))).toBe(true);
    expect(accepts(spec, calls(call('get_weather', bad)))).toBe(false);
    expect(accepts(spec, calls(call('other', '{}')))).toBe(false);
    expect(accepts(spec, `Well. ${calls(call('get_weather', good))}`)).toBe(false);
    expect(accepts(spec, '')).toBe(false);
  });

  it('are one where they are not to be parallel, and the named one', () => {
    const one = specOf({ toolFormat, toolChoice: 'required', isParallel: false });
    expect(accepts(one, calls(call('get_weather', good)))).toBe(true);
    expect(accepts(one, calls(call('get_weather', good), call('get_weather', good)))).toBe(false);
    const named = specOf({ toolFormat, toolChoice: { name: 'set_timer' } });
    expect(accepts(named, calls(call('set_timer', '{}')))).toBe(true);
    expect(accepts(named, calls(call('get_weather', good)))).toBe(false);
    expect(accepts(named, calls(call('set_timer', '{}'), call('set_timer', '{}')))).toBe(false);
  });

  it('validate where the tool is strict, and leave other text free', () => {
    const spec = specOf({ toolFormat }, [{ ...weather, strict: true }, timer]);
    for (const text of ['', 'Hello {"name": 5} <b> <｜x', '{"a": 1}', '{', '{"name', '{"names": 3}', '\n\n<<']) {
      expect(accepts(spec, text), text).toBe(true);
    }
    expect(accepts(spec, calls(call('get_weather', good)))).toBe(true);
    expect(accepts(spec, calls(call('set_timer', '{"x": null}')))).toBe(true);
    expect(accepts(spec, calls(call('get_weather', bad)))).toBe(false);
    expect(accepts(spec, calls(call('get_weather', '{"days": 1}')))).toBe(false);
    expect(accepts(spec, calls(call('other', '{}')))).toBe(false);
    expect(answerSpec(demands({ toolFormat }))).toBeNull();
  });

  it('or the format that was asked for, where the model may choose', () => {
    const format = { spec: { type: 'jsonSchema', schema: '{"type":"integer"}' } as const, param: 'response_format' };
    const spec = specOf({ toolFormat, format });
    expect(accepts(spec, '42')).toBe(true);
    expect(accepts(spec, calls(call('get_weather', good)))).toBe(true);
    expect(accepts(spec, 'text')).toBe(false);
    const none = specOf({ toolFormat, format, toolChoice: 'none' }, []);
    expect(accepts(none, '42')).toBe(true);
    expect(accepts(none, calls(call('get_weather', good)))).toBe(false);
    const required = specOf({ toolFormat, format, toolChoice: 'required' });
    expect(accepts(required, '42')).toBe(false);
  });

  it('come after reasoning', () => {
    const closed = specOf({ toolFormat, toolChoice: 'required', reasoning: { isOpen: false, isShown: true } });
    const said = calls(call('get_weather', good));
    expect(accepts(closed, `<think>\na < b, </b> and <\n</think>\n\n${said}`)).toBe(true);
    expect(accepts(closed, said)).toBe(false);
    expect(accepts(closed, `<think>a</think>${said}</think>`)).toBe(false);
    const open = specOf({ toolFormat, toolChoice: 'required', reasoning: { isOpen: true, isShown: true } });
    expect(accepts(open, `Hm.</think>${said}`)).toBe(true);
  });

  it('that are drawn at random are read back and validate', () => {
    const spec = specOf({ toolFormat, toolChoice: 'required' });
    const style: AnswerStyle = {
      ...PLAIN_ANSWER,
      hasTools: true,
      toolFormat,
      toolNames: ['get_weather', 'set_timer'],
      maxCalls: 9,
    };
    const validate = new Ajv({ strict: false }).compile(parameters);
    let numRead = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const text = draw(spec, seed, 300);
        if (text === null) return;
        const { calls: read, text: rest } = readAnswer(style, text);
        expect(rest).toBe('');
        expect(read.length).toBeGreaterThan(0);
        for (const one of read) {
          const args = JSON.parse(one.arguments);
          if (one.name === 'get_weather') expect(validate(args), one.arguments).toBe(true);
          numRead++;
        }
      }),
      { numRuns: 40 },
    );
    expect(numRead).toBeGreaterThan(10);
  });
});
