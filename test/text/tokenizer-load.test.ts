import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointError } from '../../src/errors.ts';
import { createTokenizer, loadTokenizer } from '../../src/text/tokenizer.ts';
import { type Json, readGolden, TOKENIZER_FOLDER, tokenizer, tokenizerConfig, tokenizerJson } from './fixtures.ts';

const ENCODE = { specialTokens: 'text' } as const;

describe('loadTokenizer', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'tokenizer-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const refusal = async (): Promise<CheckpointError> => {
    const error: unknown = await loadTokenizer(folder).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CheckpointError);
    return error as CheckpointError;
  };

  it('reads a folder', async () => {
    expect((await loadTokenizer(TOKENIZER_FOLDER)).encode('Hello', ENCODE)).toEqual(tokenizer.encode('Hello', ENCODE));
  });

  it('names the file that is missing', async () => {
    expect((await refusal()).message).toBe(`${path.join(folder, 'tokenizer.json')}: no such file`);
    await writeFile(path.join(folder, 'tokenizer.json'), JSON.stringify(tokenizerJson()));
    expect((await refusal()).message).toBe(`${path.join(folder, 'tokenizer_config.json')}: no such file`);
  });

  it('names the file that is not JSON', async () => {
    await writeFile(path.join(folder, 'tokenizer.json'), '{"model": ');
    await writeFile(path.join(folder, 'tokenizer_config.json'), '{}');
    expect((await refusal()).message).toMatch(/tokenizer\.json: is not valid JSON/);
  });
});

describe('createTokenizer', () => {
  const changed = (change: Json) => () => createTokenizer({ ...tokenizerJson(), ...change }, tokenizerConfig(), 'ckpt');
  const model = (change: Json) => changed({ model: { ...(tokenizerJson()['model'] as Json), ...change } });
  const split = (change: Json) => ({ type: 'Split', pattern: { Regex: 'a' }, behavior: 'Isolated', ...change });
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
  const preTokenizer = (...steps: Json[]) =>
    changed({ pre_tokenizer: { type: 'Sequence', pretokenizers: [...steps, byteLevel] } });

  it.each<[string, () => unknown, RegExp]>([
    ['another model', model({ type: 'Unigram' }), /model\.type/],
    ['byte fallback', model({ byte_fallback: true }), /byte_fallback/],
    ['no vocabulary', model({ vocab: [] }), /model\.vocab/],
    ['a huge id', model({ vocab: { a: 2 ** 40 } }), /"a" has no valid id/],
    ['a negative id', model({ vocab: { a: -1 } }), /"a" has no valid id/],
    ['a merge of three', model({ vocab: { a: 0 }, merges: ['a a a'] }), /merges\.0 is not a pair/],
    ['a merge of strangers', model({ vocab: { a: 0 }, merges: ['a a'] }), /merges\.0 names a token/],
    ['a normaliser', changed({ normalizer: { type: 'NFC' } }), /normalizer is not supported/],
    ['another decoder', changed({ decoder: { type: 'Metaspace' } }), /decoder is not ByteLevel/],
    ['an unknown pre-tokenizer', preTokenizer({ type: 'Metaspace' }), /pre-tokenizer Metaspace is not supported/],
    ['a split that merges', preTokenizer(split({ behavior: 'MergedWithPrevious' })), /Split is not supported/],
    ['a split that drops text', preTokenizer(split({ behavior: 'Removed' })), /removes text/],
    ['a broken expression', preTokenizer(split({ pattern: { Regex: '(' } })), /tokenizer/],
    ['no byte level', changed({ pre_tokenizer: split({}) }), /not ByteLevel/],
    ['whole-word tokens', changed({ added_tokens: [{ id: 1, content: 'x', single_word: true }] }), /single_word/],
    ['an array', () => createTokenizer([], {}, 'ckpt'), /unsupported tokenizer/],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(CheckpointError);
    expect(make).toThrow(message);
    expect(make).toThrow(/^ckpt\/tokenizer/);
  });

  it('refuses special tokens that do not exist and a malformed configuration', () => {
    const withConfig = (change: unknown) => () => createTokenizer(tokenizerJson(), change, 'ckpt');
    expect(withConfig({ bos_token: '<s>' })).toThrow('ckpt/tokenizer_config.json: bos_token "<s>" is not a token');
    expect(withConfig({ eos_token: 7 })).toThrow(/eos_token/);
    expect(withConfig('x')).toThrow(CheckpointError);
  });

  it('reads special tokens as strings, and merges as strings', () => {
    const json = tokenizerJson();
    const old = json['model'] as { merges: string[][] };
    const merges = old.merges.map((pair) => pair.join(' '));
    const other = createTokenizer({ ...json, model: { ...old, merges } }, { eos_token: '<｜end▁of▁sentence｜>' });
    expect(other).toMatchObject({ bosTokenId: null, eosTokenId: 2001, addBos: false });
    const texts = readGolden<{ text: string }[]>('encodings').slice(0, 300);
    for (const { text } of texts) expect(other.encode(text, ENCODE)).toEqual(tokenizer.encode(text, ENCODE));
  });

  it('skips and matches special tokens that only the configuration names', () => {
    const json = tokenizerJson();
    const model = json['model'] as Json;
    const vocab = { ...(model['vocab'] as Json), '<eos>': 2018 };
    const other = createTokenizer({ ...json, model: { ...model, vocab } }, { eos_token: '<eos>' });
    expect(other.encode('<eos>', { specialTokens: 'interpret' })).toEqual([2018]);
    expect(other.decode([2018], { skipSpecialTokens: true })).toBe('');
  });

  it('strips white space beside tokens that ask for it', () => {
    const strip = { content: '<s>', id: 2018, special: true, normalized: false, lstrip: true, rstrip: true };
    const json = { ...tokenizerJson(), added_tokens: [strip] };
    const other = createTokenizer(json, {});
    const plain = (text: string) => other.encode(text, ENCODE);
    expect(other.encode('a  <s> \n b', { specialTokens: 'interpret' })).toEqual([...plain('a'), 2018, ...plain('b')]);
  });
});
