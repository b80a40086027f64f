import { describe, expect, it } from 'vitest';
import { tokenPieces } from '../../../src/openai/responses/token-pieces.ts';
import { WaitingLogprobs } from '../../../src/openai/responses/waiting-logprobs.ts';
import { byteCodec, EOS, USER } from '../support/byte-codec.ts';
import { scriptedLogprobs } from '../support/scripted-engine.ts';
import { planOf } from './support/plans.ts';

const text = byteCodec();
const bytesOf = (value: string): number[] => [...new TextEncoder().encode(value)];
const pieces = (shown: string, tokenIds: number[], skipSpecialTokens = true) =>
  tokenPieces({ text, skipSpecialTokens, requests: [] }, { text: shown, tokenIds });

describe('tokenPieces', () => {
  it('one piece per token, empty while a character is incomplete', () => {
    expect(pieces('aé', bytesOf('aé'))).toEqual(['a', '', 'é']);
  });

  it('without the space before the answer', () => {
    expect(pieces('Hi', bytesOf(' Hi'))).toEqual(['', 'H', 'i']);
  });

  it('without what a stop string took', () => {
    expect(pieces('ab', bytesOf('abEND'))).toEqual(['a', 'b', '', '', '']);
    expect(pieces('', bytesOf('END'))).toEqual(['', '', '']);
  });

  it('special tokens show themselves only where they are in the text', () => {
    expect(pieces('ab', [97, EOS, 98])).toEqual(['a', '', 'b']);
    expect(pieces('a<eos>b', [97, EOS, 98], false)).toEqual(['a', '<eos>', 'b']);
  });

  it('marks of calls are in the text, other special tokens are not', async () => {
    const request = (await planOf({ input: 'q' })).requests[0]!;
    const requests = [{ ...request, shownSpecialTokenIds: [USER] }];
    const ids = [97, USER, 98, EOS];
    expect(tokenPieces({ text, skipSpecialTokens: true, requests }, { text: 'a<user>b', tokenIds: ids })).toEqual([
      'a',
      '<user>',
      'b',
      '',
    ]);
  });

  it('an incomplete character at the end belongs to the last token', () => {
    expect(pieces('a\ufffd', [97, 0xc3])).toEqual(['a', '\ufffd']);
  });
});

describe('WaitingLogprobs', () => {
  const waiting = (value: string) => {
    const made = new WaitingLogprobs(text);
    made.add(bytesOf(value).map((id) => scriptedLogprobs(id, 0)));
    return made;
  };
  const spelt = (entries: readonly { tokenId: number }[]) => String.fromCharCode(...entries.map((e) => e.tokenId));

  it('drops the tokens before a text and keeps those after it', () => {
    const some = waiting('<x>Hi<y>');
    expect(spelt(some.take('Hi', false))).toBe('Hi');
    expect(spelt(some.takeAll())).toBe('<y>');
    expect(some.takeAll()).toEqual([]);
  });

  it('takes the last occurrence at the end, the first otherwise', () => {
    const end = waiting('</think>t');
    expect(spelt(end.take('t', true))).toBe('t');
    expect(end.takeAll()).toEqual([]);
    const middle = waiting('t</think>');
    expect(spelt(middle.take('t', false))).toBe('t');
    expect(spelt(middle.takeAll())).toBe('</think>');
  });

  it('takes all where the text is not spelt by them', () => {
    expect(spelt(waiting('ab').take('\ufffd', true))).toBe('ab');
  });
});
