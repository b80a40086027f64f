import { afterEach, describe, expect, it } from 'vitest';
import { ApiError } from '../../src/errors.ts';
import { AsyncEncoder, LONG_TEXT_LENGTH } from '../../src/text/async-encoder.ts';
import { ChatTemplate } from '../../src/text/chat-template.ts';
import { readText, TOKENIZER_FOLDER, tokenizer } from './fixtures.ts';

const LONG = `${readText('corpus.py').repeat(4)}<｜User｜>½`;
const INTERPRET = { specialTokens: 'interpret' } as const;
const encoders: AsyncEncoder[] = [];

function encoderOf(folder: string): AsyncEncoder {
  const encoder = new AsyncEncoder(tokenizer, folder);
  encoders.push(encoder);
  return encoder;
}
afterEach(() => Promise.all(encoders.splice(0).map((encoder) => encoder.dispose())));

describe('AsyncEncoder', () => {
  it('gives the ids of the tokenizer for short and long texts', async () => {
    expect(LONG.length).toBeGreaterThan(LONG_TEXT_LENGTH);
    const encoder = encoderOf(TOKENIZER_FOLDER);
    for (const text of ['', 'Hello <｜User｜>', LONG]) {
      for (const options of [INTERPRET, { specialTokens: 'text' }, { ...INTERPRET, separator: 'e' }] as const) {
        expect(await encoder.encode(text, options)).toEqual(tokenizer.encode(text, options));
      }
      for (const addSpecialTokens of [true, false]) {
        const options = { addSpecialTokens };
        expect(await encoder.encodePrompt(text, options)).toEqual(tokenizer.encodePrompt(text, options));
      }
    }
  });

  it('answers calls under way at once, in any number', async () => {
    const encoder = encoderOf(TOKENIZER_FOLDER);
    const texts = Array.from({ length: 5 }, (_, i) => LONG.slice(i * 100));
    const all = await Promise.all(texts.map((text) => encoder.encode(text, INTERPRET)));
    expect(all).toEqual(texts.map((text) => tokenizer.encode(text, INTERPRET)));
  });

  it('renders chats as the template does: short ones, long ones and long texts of short ones', async () => {
    const encoder = encoderOf(TOKENIZER_FOLDER);
    const many = Array.from({ length: 2000 }, (_, i) => ({
      role: i % 2 === 0 ? 'user' : 'assistant',
      content: i % 3 === 0 ? [`<｜User｜>${i}`, { mark: '<｜tool▁sep｜>' }] : `½\u{1F600}${i}\uD800<｜User`,
    }));
    const sources = ['chat-template-v2.jinja', 'chat-template-v2.5.jinja'].map(readText);
    for (const source of [
      ...sources,
      `${'filler '.repeat(4000)}{{ messages[0].content }}{{ add_generation_prompt }}{{ extra }}`,
    ]) {
      const template = new ChatTemplate(source, tokenizer);
      for (const messages of [
        [{ role: 'user', content: 'short <｜User｜>' }],
        [{ role: 'user', content: LONG }],
        many,
      ]) {
        for (const options of [
          { addGenerationPrompt: true, variables: { extra: 'more' }, documents: [{ text: 'd' }] },
          { addGenerationPrompt: false },
        ]) {
          const ids = await encoder.encodeChat(template, messages, options);
          expect(ids).toEqual(template.render(messages, options));
        }
      }
    }
  });

  it('refuses a long chat in the words of the template, and goes on', async () => {
    const encoder = encoderOf(TOKENIZER_FOLDER);
    const messages = [{ role: 'user', content: LONG }];
    const refusing = new ChatTemplate("{{ raise_exception('no users, please') }}", tokenizer);
    const refusal = await encoder.encodeChat(refusing, messages, { addGenerationPrompt: true }).catch((error) => error);
    expect(refusal).toBeInstanceOf(ApiError);
    expect(refusal).toMatchObject({ status: 400, param: 'messages', code: null, message: 'no users, please' });
    const both = { addGenerationPrompt: true, continueFinalMessage: true };
    const template = new ChatTemplate(readText('chat-template-v2.jinja'), tokenizer);
    await expect(encoder.encodeChat(template, messages, both)).rejects.toMatchObject({
      status: 400,
      param: 'continue_final_message',
    });
    await expect(
      encoder.encodeChat(new ChatTemplate(null, tokenizer), messages, { addGenerationPrompt: true }),
    ).rejects.toMatchObject({ status: 400, param: 'messages' });
    const open = { addGenerationPrompt: false, continueFinalMessage: true };
    expect(await encoder.encodeChat(template, messages, open)).toEqual(template.render(messages, open));
  });

  it('rejects every pending call when the worker fails, and the next call starts another', async () => {
    const encoder = encoderOf('/nowhere');
    const calls = [encoder.encode(LONG, INTERPRET), encoder.encodePrompt(LONG, { addSpecialTokens: true })];
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringContaining('no such file') },
      });
    }
    await expect(encoder.encode(LONG, INTERPRET)).rejects.toThrow(/no such file/);
    expect(await encoder.encode('short', INTERPRET)).toEqual(tokenizer.encode('short', INTERPRET));
  });

  it('rejects what is pending when it is disposed of, and later long texts', async () => {
    const encoder = encoderOf(TOKENIZER_FOLDER);
    const call = expect(encoder.encode(LONG, INTERPRET)).rejects.toThrow(/stopped/);
    await encoder.dispose();
    await call;
    await expect(encoder.encode(LONG, INTERPRET)).rejects.toThrow(/stopped/);
  });
});
