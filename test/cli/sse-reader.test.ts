import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readServerSentEvents } from '../../src/cli/sse-reader.ts';

async function read(...pieces: (string | Uint8Array)[]): Promise<string[]> {
  async function* body(): AsyncGenerator<Uint8Array> {
    for (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
  }
  const events: string[] = [];
  for await (const { event, data } of readServerSentEvents(body())) events.push(`${event}|${data}`);
  return events;
}

describe('readServerSentEvents', () => {
  // The examples of the WHATWG standard, section 9.2.6.
  it('reads the examples of the standard', async () => {
    expect(await read('data: YHOO\ndata: +2\ndata: 10\n\n')).toEqual(['message|YHOO\n+2\n10']);
    expect(await read('data\n\ndata\ndata\n\ndata:')).toEqual(['message|', 'message|\n']);
    expect(await read('data:test\n\ndata: test\n\n')).toEqual(['message|test', 'message|test']);
    expect(
      await read(': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n'),
    ).toEqual(['message|first event', 'message|second event']);
    expect(await read('event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n')).toEqual([
      'add|73857293',
      'remove|2153',
    ]);
  });

  it('gives the same events however the bytes are cut and whichever line ends are used', async () => {
    const text = 'data: é€😀\r\n\r\n: ping\r\n\r\nevent: x\rdata: a\rdata: b\r\rdata: c\n\n';
    const bytes = Buffer.from(text);
    const expected = ['message|é€😀', 'x|a\nb', 'message|c'];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
        const sorted = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = sorted.slice(1).map((end, index) => bytes.subarray(sorted[index]!, end));
        expect(await read(...pieces)).toEqual(expected);
      }),
    );
  });
});
