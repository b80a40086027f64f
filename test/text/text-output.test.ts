import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextOutput, type TextOutputOptions } from '../../src/text/text-output.ts';
import { tokenizer } from './fixtures.ts';

const defaults: TextOutputOptions = {
  tokenizer,
  stop: [],
  includeStopStrInOutput: false,
  skipSpecialTokens: true,
  stripLeadingSpace: false,
};
const encode = (text: string): number[] => tokenizer.encode(text, { specialTokens: 'interpret' });

function run(groups: readonly (readonly number[])[], options: Partial<TextOutputOptions>) {
  const output = new TextOutput({ ...defaults, ...options });
  const deltas: string[] = [];
  for (const group of groups) {
    const { text, stopped } = output.push(group);
    deltas.push(text);
    if (stopped !== null) return { text: deltas.join(''), stopped, deltas };
  }
  deltas.push(output.finish());
  return { text: deltas.join(''), stopped: null, deltas };
}

describe('TextOutput', () => {
  it('streams the text that all tokens at once give', () => {
    const id = fc.oneof(fc.integer({ min: 0, max: 242 }), fc.integer({ min: 243, max: 2017 }));
    const options = fc.record({
      stop: fc.array(fc.constantFrom('e', ' the', '\uFFFD', 'ab', '<｜', '｜>x', 'ing '), { maxLength: 3 }),
      includeStopStrInOutput: fc.boolean(),
      skipSpecialTokens: fc.boolean(),
      stripLeadingSpace: fc.boolean(),
      minTokens: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(id, { maxLength: 30 }), options, fc.nat({ max: 4 }), (ids, chosen, size) => {
        const groups: number[][] = [];
        for (let i = 0; i < ids.length; i += size + 1) groups.push(ids.slice(i, i + size + 1));
        const { text, stopped } = run([ids], chosen);
        expect(run(groups, chosen)).toMatchObject({ text, stopped });
      }),
      { numRuns: 1500 },
    );
  });

  it('finds a stop string that spans tokens, and shows nothing of it', () => {
    const ids = encode('Answer one.\n\nUser: next');
    const { text, stopped, deltas } = run(
      ids.map((id) => [id]),
      { stop: ['\n\nUser:'] },
    );
    expect({ text, stopped }).toEqual({ text: 'Answer one.', stopped: '\n\nUser:' });
    expect(deltas.filter((delta) => delta !== '').length).toBeGreaterThan(1);
    expect(run([ids], { stop: ['\n\nUser:'], includeStopStrInOutput: true }).text).toBe('Answer one.\n\nUser:');
  });

  it('gives what it held back when the output ends otherwise', () => {
    expect(run([encode('a\n\nUse')], { stop: ['\n\nUser:'] })).toMatchObject({ text: 'a\n\nUse', stopped: null });
    const crab = encode('🦀').slice(0, -1);
    expect(run([encode('a'), crab], {})).toMatchObject({ text: 'a\uFFFD', stopped: null });
  });

  it('looks for stop strings in the text that is shown', () => {
    expect(run([encode(' Paris')], { stripLeadingSpace: true, stop: [' P'] })).toMatchObject({ text: 'Paris' });
    const ids = encode('a<｜end▁of▁sentence｜>b');
    expect(run([ids], { stop: ['ab'] })).toMatchObject({ text: '', stopped: 'ab' });
    expect(run([ids], { stop: ['sentence'], skipSpecialTokens: false })).toMatchObject({ text: 'a<｜end▁of▁' });
  });

  it('ignores stop strings within the first minTokens tokens', () => {
    const ids = encode('1a1a1');
    expect(ids.length).toBe(5);
    expect(run([ids], { stop: ['1'], minTokens: 1 })).toMatchObject({ text: '1a', stopped: '1' });
    expect(run([ids], { stop: ['1'], minTokens: 5 })).toMatchObject({ text: '1a1a1', stopped: null });
  });
});
