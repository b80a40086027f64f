import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopMatcher } from '../../src/text/stop-matcher.ts';

interface Result {
  readonly text: string;
  readonly stopped: string | null;
}

function feed(pieces: readonly string[], stops: readonly string[], includeStopStrInOutput = false): Result {
  const matcher = new StopMatcher(stops, { includeStopStrInOutput });
  let text = '';
  for (const piece of pieces) {
    const match = matcher.push(piece);
    text += match.text;
    if (match.stopped !== null) return { text, stopped: match.stopped };
  }
  return { text: text + matcher.flush(), stopped: null };
}

/** By the definition: the shortest beginning of the text that ends with a stop string, the longest such stop. */
function slowly(text: string, stops: readonly string[], includesStop: boolean): Result {
  for (let end = 1; end <= text.length; end++) {
    const found = stops.filter((stop) => text.slice(0, end).endsWith(stop)).sort((a, b) => b.length - a.length)[0];
    if (found) return { text: text.slice(0, includesStop ? end : end - found.length), stopped: found };
  }
  return { text, stopped: null };
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '😀', '😁'), maxLength: 24 });
const stopLists = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '😀', '😁'), minLength: 1, maxLength: 5 }), {
  maxLength: 4,
});

describe('StopMatcher', () => {
  it('gives the same text for every chunking, and the one of the definition', () => {
    fc.assert(
      fc.property(letters, stopLists, fc.boolean(), fc.array(fc.nat({ max: 6 })), (text, stops, includes, sizes) => {
        const points = [...text];
        const pieces: string[] = [];
        for (const size of sizes) pieces.push(points.splice(0, size).join(''));
        pieces.push(points.join(''));
        const expected = slowly(text, stops, includes);
        expect(feed(pieces, stops, includes)).toEqual(expected);
        expect(feed([...text], stops, includes)).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('shows all text but the shortest end that may begin a stop string', () => {
    const matcher = new StopMatcher(['\nUser:', '###'], { includeStopStrInOutput: false });
    expect(matcher.push('Hello')).toEqual({ text: 'Hello', stopped: null });
    expect(matcher.push(' there\n')).toEqual({ text: ' there', stopped: null });
    expect(matcher.push('Us')).toEqual({ text: '', stopped: null });
    expect(matcher.push('eful #')).toEqual({ text: '\nUseful ', stopped: null });
    expect(matcher.push('#\n')).toEqual({ text: '##', stopped: null });
    expect(matcher.push('User: x')).toEqual({ text: '', stopped: '\nUser:' });
  });

  it('holds nothing back where the stop string stays in the output', () => {
    const matcher = new StopMatcher(['###'], { includeStopStrInOutput: true });
    expect(matcher.push('a##')).toEqual({ text: 'a##', stopped: null });
    expect(matcher.push('# b')).toEqual({ text: '#', stopped: '###' });
  });

  it('passes text through without stop strings', () => {
    expect(feed(['a', 'b'], [])).toEqual({ text: 'ab', stopped: null });
  });

  it('takes the one complete first, and the longest at the same place', () => {
    expect(feed(['xabcd'], ['abcd', 'bc'])).toEqual({ text: 'xa', stopped: 'bc' });
    expect(feed(['xabc'], ['c', 'abc', 'bc'])).toEqual({ text: 'x', stopped: 'abc' });
  });

  it('finds a stop string behind a false start', () => {
    expect(feed(['aa', 'ab'], ['aab'])).toEqual({ text: 'a', stopped: 'aab' });
    expect(feed(['abab', 'abc'], ['ababc'])).toEqual({ text: 'ab', stopped: 'ababc' });
  });

  it('ignores stop strings that are complete while stopping is not allowed yet', () => {
    const matcher = new StopMatcher(['ab'], { includeStopStrInOutput: false });
    expect(matcher.push('xab', false)).toEqual({ text: 'x', stopped: null });
    expect(matcher.push('ya', false)).toEqual({ text: 'aby', stopped: null });
    expect(matcher.push('bz')).toEqual({ text: '', stopped: 'ab' });
  });

  it('does not cut a character in two for a lone surrogate', () => {
    expect(feed(['a😀b'], ['\uDE00'])).toEqual({ text: 'a😀b', stopped: null });
  });

  it('refuses empty stop strings and text after the end', () => {
    expect(() => new StopMatcher([''], { includeStopStrInOutput: false })).toThrow(/empty/);
    const matcher = new StopMatcher(['a'], { includeStopStrInOutput: false });
    matcher.push('a');
    expect(() => matcher.push('b')).toThrow(/after a stop/);
  });
});
