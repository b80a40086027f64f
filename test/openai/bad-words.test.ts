import { expect, it } from 'vitest';
import { encodeBadWords } from '../../src/openai/bad-words.ts';
import { parseCompletion } from '../../src/openai/parse-completion.ts';
import { byteCodec } from './support/byte-codec.ts';
import { registryOf, servedModel } from './support/served.ts';

const registry = registryOf(servedModel());

it('holds each word as it stands and after a space, once', async () => {
  expect(await encodeBadWords(['ab', '  ab', 'c'], byteCodec())).toEqual([[97, 98], [32, 97, 98], [99], [32, 99]]);
});

it.each([
  [['a', ''], 'bad_words.1'],
  [['   '], 'bad_words.0'],
  [[5], 'bad_words.0'],
  ['word', 'bad_words'],
  [['x'.repeat(257)], 'bad_words.0'],
  [new Array(1001).fill('x'), 'bad_words'],
  [new Array(100).fill('x'.repeat(200)), 'bad_words'],
  [['é'.repeat(200)], 'bad_words.0'],
])('refuses %#', async (words, param) => {
  await expect(parseCompletion({ prompt: 'a', bad_words: words }, registry)).rejects.toMatchObject({
    status: 400,
    param,
  });
});
