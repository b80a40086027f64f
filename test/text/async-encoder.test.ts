import { afterEach, describe, expect, it } from 'vitest';
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

  it('renders long chats as the template does', async () => {
    const template = new ChatTemplate(readText('chat-template-v2.5.jinja'), tokenizer);
    const options = { addGenerationPrompt: true };
    for (const content of ['short <｜User｜>', LONG]) {
      const messages = [{ role: 'user', content }];
      const ids = await template.renderAsync(messages, options, encoderOf(TOKENIZER_FOLDER));
      expect(ids).toEqual(template.render(messages, options));
    }
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
