import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeltaEvent } from '../../src/engine/engine.ts';
import { unavailable } from '../../src/errors.ts';
import { IntervalRenderer } from '../../src/openai/interval-renderer.ts';
import { ObfuscatingRenderer } from '../../src/openai/obfuscating-renderer.ts';
import { frame, type StreamRenderer } from '../../src/openai/stream-renderer.ts';

const delta = (text: string, tokenIds: number[]): DeltaEvent => ({ type: 'delta', text, tokenIds, logprobs: null });
const finish = { type: 'finish', reason: 'stop', stopReason: null, numCompletionTokens: 0 } as const;

/** Shows each event as a frame. */
const showing: StreamRenderer = {
  open: () => frame({ open: true }),
  event: (choice, event) => frame({ choice, ...event }),
  close: () => 'data: [DONE]\n\n',
  fail: (error) => frame(error.toBody()),
};
const parsed = (frames: string): { choice: number; type: string; text: string; tokenIds: number[] }[] =>
  frames
    .split('\n\n')
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text.slice('data: '.length)));

describe('IntervalRenderer', () => {
  it('joins so many tokens of a choice; the first and the last do not wait', () => {
    const renderer = new IntervalRenderer(showing, 3);
    const sizes = Array.from({ length: 8 }, (_, i) => parsed(renderer.event(0, delta(`${i}`, [i]))));
    expect(sizes.map((frames) => frames.length)).toEqual([1, 0, 0, 1, 0, 0, 1, 0]);
    expect(sizes[3]?.[0]).toMatchObject({ text: '123', tokenIds: [1, 2, 3] });
    const last = parsed(renderer.event(0, finish));
    expect(last.map(({ type }) => type)).toEqual(['delta', 'finish']);
    expect(last[0]).toMatchObject({ text: '7', tokenIds: [7] });
  });

  it('loses nothing, keeps choices apart and their order', () => {
    const events = fc.array(fc.tuple(fc.nat({ max: 2 }), fc.string(), fc.array(fc.nat(), { maxLength: 2 })));
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 5 }), (list, interval) => {
        const renderer = new IntervalRenderer(showing, interval);
        const ends = [0, 1, 2].map((choice) => [choice, finish] as const);
        const frames = [...list.map(([c, text, ids]) => [c, delta(text, ids)] as const), ...ends].flatMap(
          ([choice, event]) => parsed(renderer.event(choice, event)),
        );
        for (const choice of [0, 1, 2]) {
          const own = frames.filter((shown) => shown.choice === choice);
          const sent = list.filter(([c]) => c === choice);
          expect(own.at(-1)?.type).toBe('finish');
          expect(own.flatMap(({ tokenIds }) => tokenIds ?? [])).toEqual(sent.flatMap(([, , ids]) => ids));
          expect(own.map(({ text }) => text ?? '').join('')).toBe(sent.map(([, text]) => text).join(''));
        }
      }),
      { numRuns: 200, seed: 4 },
    );
  });
});

it('IntervalRenderer shows what it has before an error', () => {
  const renderer = new IntervalRenderer(showing, 9);
  for (const id of [1, 2, 3]) renderer.event(0, delta(`${id}`, [id]));
  const frames = renderer.fail(unavailable('gone')).split('\n\n');
  expect(frames[0]).toContain('"text":"23"');
  expect(frames[1]).toContain('gone');
});

describe('ObfuscatingRenderer', () => {
  const renderer = new ObfuscatingRenderer(showing);

  it('brings chunks to few lengths whatever their text, with random padding', () => {
    const texts = ['', 'a', ' the', 'ü', '👩‍👩‍👧', ' internationalisation', '"\\\n', '}\n\n{'];
    const lengths = texts.map((text) => Buffer.byteLength(renderer.event(0, delta(text, [1]))));
    expect(lengths.every((length) => length % 64 === 0)).toBe(true);
    expect(new Set(lengths).size).toBeLessThanOrEqual(2);
    const [a, b] = [renderer.event(0, delta('a', [1])), renderer.event(0, delta('a', [1]))];
    expect(a).not.toBe(b);
    expect(parsed(a)[0]).toMatchObject({ text: 'a', obfuscation: expect.stringMatching(/^[\w-]+$/) });
  });

  it('leaves the beginning and the end mark alone', () => {
    expect(renderer.open()).toBe(showing.open());
    expect(renderer.close()).toBe('data: [DONE]\n\n');
  });
});
