import { describe, expect, it } from 'vitest';
import { finishOf } from '../../src/scheduler/finish.ts';
import { Sequence } from '../../src/scheduler/sequence.ts';
import { EOS, makeSequence, type RequestOptions } from './helpers.ts';

function withOutput(output: readonly number[], options: RequestOptions = {}): Sequence {
  const sequence = makeSequence(1, [1, 2, 3], options);
  sequence.outputTokenIds.push(...output);
  return sequence;
}

describe('finishOf', () => {
  it('goes on while nothing ends the output', () => {
    expect(finishOf(withOutput([5, 6]), 100)).toBeNull();
  });

  it('stops at the end token, without a stop reason', () => {
    expect(finishOf(withOutput([5, EOS]), 100)).toEqual({ reason: 'stop', stopReason: null });
  });

  it('stops at a stop token and names it', () => {
    expect(finishOf(withOutput([5, 9], { stopTokenIds: [8, 9] }), 100)).toEqual({ reason: 'stop', stopReason: 9 });
  });

  it('looks at the newest token only', () => {
    expect(finishOf(withOutput([EOS, 5], { stopTokenIds: [9] }), 100)).toBeNull();
  });

  it('ignores the end token where asked to, but not when it is a stop token', () => {
    expect(finishOf(withOutput([EOS], { ignoreEos: true }), 100)).toBeNull();
    const both = withOutput([EOS], { ignoreEos: true, stopTokenIds: [EOS] });
    expect(finishOf(both, 100)).toEqual({ reason: 'stop', stopReason: EOS });
  });

  it('does not stop before minTokens', () => {
    const options = { minTokens: 3, stopTokenIds: [9] };
    expect(finishOf(withOutput([5, EOS], options), 100)).toBeNull();
    expect(finishOf(withOutput([5, 9], options), 100)).toBeNull();
    expect(finishOf(withOutput([5, 5, 9], options), 100)).toEqual({ reason: 'stop', stopReason: 9 });
  });

  it('stops at the end token of a grammar, whatever sampling says', () => {
    const sequence = makeSequence(1, [1, 2, 3], { ignoreEos: true, minTokens: 9 });
    const ending = new Sequence(2, { ...sequence.request, endsAtEos: true }, [EOS]);
    ending.outputTokenIds.push(5, EOS);
    expect(finishOf(ending, 100)).toEqual({ reason: 'stop', stopReason: null });
  });

  it('ends by length at maxTokens and at maxModelLen, whatever minTokens says', () => {
    const length = { reason: 'length', stopReason: null };
    expect(finishOf(withOutput([5, 5], { maxTokens: 2, minTokens: 5 }), 100)).toEqual(length);
    expect(finishOf(withOutput([5, 5]), 5)).toEqual(length);
    expect(finishOf(withOutput([], { maxTokens: 0 }), 100)).toEqual(length);
  });

  describe('repetition', () => {
    const options = { repetitionDetection: { minPatternSize: 2, maxPatternSize: 3, minCount: 3 } };
    const repetition = { reason: 'repetition', stopReason: null };

    it('ends at the last token of a pattern, so many times in a row', () => {
      expect(finishOf(withOutput([5, 6, 5, 6, 5], options), 100)).toBeNull();
      expect(finishOf(withOutput([5, 6, 5, 6, 5, 6], options), 100)).toEqual(repetition);
      expect(finishOf(withOutput([9, 5, 6, 7, 5, 6, 7, 5, 6, 7], options), 100)).toEqual(repetition);
      expect(finishOf(withOutput([5, 6, 5, 6, 5, 6, 9], options), 100)).toBeNull();
      expect(finishOf(withOutput([5, 6, 5, 6, 9, 5, 6], options), 100)).toBeNull();
    });

    it('counts patterns of the sizes asked for only', () => {
      const four = [1, 2, 3, 4];
      expect(finishOf(withOutput([...four, ...four, ...four], options), 100)).toBeNull();
      expect(finishOf(withOutput([7, 7, 7], options), 100)).toBeNull();
      expect(finishOf(withOutput([7, 7, 7, 7, 7, 7], options), 100)).toEqual(repetition);
    });

    it('does not count in the prompt, nor before minTokens; a full output ends by length', () => {
      expect(finishOf(withOutput([3, 1, 2, 3, 1, 2, 3], options), 100)).toBeNull();
      expect(finishOf(withOutput([7, 7, 7, 7, 7, 7], { ...options, minTokens: 7 }), 100)).toBeNull();
      expect(finishOf(withOutput([7, 7, 7, 7, 7, 7], options), 9)).toEqual({ reason: 'length', stopReason: null });
    });
  });

  it('prefers stop to length when both hold', () => {
    expect(finishOf(withOutput([5, EOS], { maxTokens: 2 }), 5)).toEqual({ reason: 'stop', stopReason: null });
  });
});
