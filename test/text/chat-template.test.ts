import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../src/errors.ts';
import type { ChatMessage } from '../../src/text/chat-message.ts';
import { ChatTemplate, type RenderOptions } from '../../src/text/chat-template.ts';
import { createTokenizer } from '../../src/text/tokenizer.ts';
import { readGolden, readJson, readText, tokenizer, tokenizerConfig, tokenizerJson } from './fixtures.ts';

interface Rendering {
  readonly conversation: number;
  readonly mode: 'generate' | 'closed' | 'continue';
  /** Of Python's jinja2 with the settings of transformers. */
  readonly text?: string;
  readonly ids?: number[];
  readonly error?: string;
}
const conversations = readJson<ChatMessage[][]>('conversations.golden.json');
const MODES: Record<Rendering['mode'], RenderOptions> = {
  generate: { addGenerationPrompt: true },
  closed: { addGenerationPrompt: false },
  continue: { addGenerationPrompt: false, continueFinalMessage: true },
};
const templateOf = (name: string) => new ChatTemplate(readText(`chat-template-${name}.jinja`), tokenizer);
const ask = (...contents: string[]): ChatMessage[] =>
  contents.map((content, i) => ({ role: i % 2 ? 'assistant' : 'user', content }));
const BOS = 2000;
const GENERATE = MODES.generate;

function refusal(render: () => unknown): ApiError {
  try {
    render();
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    return error as ApiError;
  }
  throw new Error('nothing was thrown');
}

describe.each(['v2', 'v2.5', 'alternating'])('template %s', (name) => {
  const template = templateOf(name);
  const renderings = readGolden<Rendering[]>(`chat-${name}`);

  it('renders the texts of Python', () => {
    expect(renderings.length).toBeGreaterThan(50);
    const wrong = renderings.filter(({ conversation, mode, text }) => {
      if (text === undefined) return false;
      const rendered = template.renderText(conversations[conversation]!, MODES[mode]);
      return rendered.text.replaceAll(rendered.separator, '') !== text;
    });
    expect(wrong).toEqual([]);
  });

  it('gives the ids of the Rust library, contents encoded as text and joined with the template around them', () => {
    const withIds = renderings.filter(({ ids }) => ids);
    expect(withIds.length).toBeGreaterThan(40);
    const wrong = withIds.filter(({ conversation, mode, ids }) => {
      const actual = template.render(conversations[conversation]!, MODES[mode]);
      // The third template prints no BOS, so the tokenizer's comes in front.
      return String(actual) !== String(ids!.includes(BOS) ? ids : [BOS, ...ids!]);
    });
    expect(wrong).toEqual([]);
  });

  it('has BOS once', () => {
    for (const messages of conversations.filter((list) => list.every(({ content }) => content !== null))) {
      expect(template.render(messages, GENERATE).filter((id) => id === BOS)).toHaveLength(1);
    }
  });
});

describe('special tokens in messages', () => {
  const v25 = templateOf('v2.5');
  const structure = (ids: number[]) => ids.filter((id) => id >= BOS);

  it('are text, wherever they stand', () => {
    const expected = structure(v25.render(ask('a', 'b', 'c'), GENERATE));
    const token = fc.constantFrom(...tokenizer.addedTokens.map(({ content }) => content));
    const piece = fc.oneof(token, fc.constantFrom('<', '<｜', '｜>', 'User', '<｜User', '>', ' ', 'x', '\uFDD0', '\n'));
    const content = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(content, content, content, (...contents) => {
        const ids = v25.render(ask(...contents), GENERATE);
        expect(structure(ids)).toEqual(expected);
        expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(
          `<｜begin▁of▁sentence｜><｜User｜>${contents[0]}<｜Assistant｜>${contents[1]}<｜end▁of▁sentence｜><｜User｜>${contents[2]}<｜Assistant｜>`,
        );
      }),
      { numRuns: 500 },
    );
  });

  it('do not arise where a template joins two messages', () => {
    const joining = new ChatTemplate("{% for m in messages %}{{ m.content | trim }}{% endfor %}{{ '<' }}", tokenizer);
    for (const parts of [
      ['<｜Us', 'er｜>'],
      ['<', '｜User｜>'],
      ['<｜User｜ \n', '\n >'],
      ['a<｜User', '｜>b'],
    ]) {
      const ids = joining.render(ask(...parts), GENERATE);
      expect(structure(ids)).toEqual([BOS]);
      expect(tokenizer.decode(ids.slice(1), { skipSpecialTokens: false })).toBe(
        `${parts.map((p) => p.trim()).join('')}<`,
      );
    }
  });

  it('do not arise from the beginning that a template writes and the end that a message has', () => {
    const lending = new ChatTemplate("{{ '<' + messages[0].content }}", tokenizer);
    expect(structure(lending.render(ask('｜User｜>'), GENERATE))).toEqual([BOS]);
  });

  it('are text in every other field too', () => {
    const all = new ChatTemplate('{{ bos_token }}{% for m in messages %}{{ m | tojson }}{% endfor %}', tokenizer);
    const call = { function: { name: '<｜User｜>', arguments: { '<｜Assistant｜>': ['<｜fim▁hole｜>'] } } };
    const ids = all.render([{ role: 'assistant', name: '<|EOT|>', tool_calls: [call] }], GENERATE);
    expect(structure(ids)).toEqual([BOS]);
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toContain('"<｜Assistant｜>": ["<｜fim▁hole｜>"]');
  });

  it('are kept apart even in text full of noncharacters', () => {
    const most = Array.from({ length: 30 }, (_, i) => String.fromCharCode(0xfdd0 + i)).join('');
    const ids = templateOf('v2').render(ask(`${most}<｜User｜>`), GENERATE);
    expect(structure(ids)).toEqual([BOS]);
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toContain(`${most}<｜User｜>`);
    expect(refusal(() => templateOf('v2').render(ask(`${most}\uFDEE\uFDEF`), GENERATE)).status).toBe(400);
  });
});

describe('ordinary messages', () => {
  it('give the ids of the rendered text as a whole', () => {
    const v2 = templateOf('v2');
    const content = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(content, content, (question, answer) => {
        const text = `<｜begin▁of▁sentence｜>User: ${question}\n\nAssistant: ${answer}<｜end▁of▁sentence｜>Assistant:`;
        const ids = v2.render(ask(question, answer), GENERATE);
        expect(ids).toEqual(tokenizer.encode(text, { specialTokens: 'interpret' }));
      }),
      { numRuns: 300 },
    );
  });
});

describe('messages and errors', () => {
  it('adds BOS only where template and tokenizer say so', () => {
    const bare = '{{ messages[0].content }}';
    const without = createTokenizer(tokenizerJson(), { ...tokenizerConfig(), add_bos_token: false });
    expect(new ChatTemplate(bare, tokenizer).render(ask('1'), GENERATE)[0]).toBe(BOS);
    expect(new ChatTemplate(bare, without).render(ask('1'), GENERATE)).not.toContain(BOS);
    expect(templateOf('v2').render(ask('1'), GENERATE).indexOf(BOS)).toBe(0);
  });

  it('renders absent content as empty', () => {
    const v2 = templateOf('v2');
    const expected = v2.render(ask('a', ''), GENERATE);
    expect(v2.render([ask('a')[0]!, { role: 'assistant', content: null }], GENERATE)).toEqual(expected);
    expect(v2.render([ask('a')[0]!, { role: 'assistant' }], GENERATE)).toEqual(expected);
    expect(v2.render([ask('a')[0]!, { role: 'assistant', content: null, tool_calls: [] }], GENERATE)).toEqual(expected);
  });

  it("passes the template's own refusal on", () => {
    const error = refusal(() => templateOf('alternating').render([ask('a')[0]!, ask('b')[0]!], GENERATE));
    expect(error.toBody().error).toMatchObject({ message: 'Roles must alternate user/assistant.', param: 'messages' });
    expect(error.status).toBe(400);
  });

  it('answers 400 where the template fails', () => {
    const broken = new ChatTemplate('{{ messages[0].content + nothing.at.all }}', tokenizer);
    expect(refusal(() => broken.render(ask('a'), GENERATE))).toMatchObject({ status: 400, param: 'messages' });
  });

  it('answers 400 without a template', () => {
    const none = new ChatTemplate(null, tokenizer);
    expect(none.exists).toBe(false);
    expect(refusal(() => none.render(ask('a'), GENERATE)).message).toMatch(/no chat template/);
  });

  it('refuses to continue what is not there, or with a generation prompt', () => {
    const v2 = templateOf('v2');
    const both = { addGenerationPrompt: true, continueFinalMessage: true };
    expect(refusal(() => v2.render(ask('a'), both)).param).toBe('continue_final_message');
    expect(refusal(() => v2.render([], MODES.continue)).param).toBe('continue_final_message');
    const silent = new ChatTemplate('x', tokenizer);
    expect(refusal(() => silent.render(ask('a', 'b'), MODES.continue)).param).toBe('continue_final_message');
  });

  it('knows the date functions and nulls of transformers', () => {
    const template = new ChatTemplate(
      "{{ strftime_now('%Y') }}{{ 'none' if tools is none }}{{ pad_token }}",
      tokenizer,
    );
    expect(template.renderText(ask('a'), GENERATE).text).toMatch(/^\d{4}none<｜end▁of▁sentence｜>$/);
  });
});
