import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { Rank } from '../../src/ranks/rank.ts';
import { RankError, RankLink } from '../../src/ranks/rank-link.ts';
import { serveSteps } from '../../src/ranks/serve-steps.ts';

/** @returns the exit code of the thread when it has ended */
function startIncrementRank(link: RankLink, counter: Int32Array): Promise<unknown> {
  const worker = new Worker(new URL('./increment-rank.mjs', import.meta.url), {
    workerData: { memory: link.memory, counter: counter.buffer },
    execArgv: [],
  });
  return new Promise((resolve) => worker.once('exit', resolve));
}

describe('RankLink', () => {
  it('hands over one step after another', () => {
    const link = RankLink.allocate();
    const rank = new RankLink(link.memory);
    for (let step = 0; step < 3; step++) {
      link.submit();
      expect(rank.next()).toBe(true);
      rank.complete(null);
      link.wait();
    }
    link.stop();
    expect(rank.next()).toBe(false);
  });

  it('carries the message of a failed step, and goes on after it', () => {
    const link = RankLink.allocate();
    link.submit();
    link.next();
    link.complete(new Error('MatMul: größer als 1'));
    expect(() => link.wait()).toThrow(new RankError('MatMul: größer als 1'));
    link.submit();
    link.next();
    link.complete(null);
    link.wait();
  });

  it('cuts a message that is longer than its buffer', () => {
    const link = RankLink.allocate();
    link.submit();
    link.complete(new Error('x'.repeat(100_000)));
    expect(() => link.wait()).toThrow(/^x{16384}$/);
  });

  it('releases a waiting engine when the rank is gone', () => {
    const link = RankLink.allocate();
    link.submit();
    link.markGone();
    expect(() => link.wait()).toThrow(new RankError('the rank is gone'));
  });

  it('holds a step until the engine waits for it, which is when late inputs are there', async () => {
    const link = RankLink.allocate();
    const words = new Int32Array(new SharedArrayBuffer(12));
    const [BEGUN, LATE, SEEN] = [0, 1, 2] as const;
    const worker = new Worker(new URL('./late-input-rank.mjs', import.meta.url), {
      workerData: { memory: link.memory, words: words.buffer },
      execArgv: [],
    });
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    for (let step = 0; step < 1000; step++) {
      link.submit();
      while (Atomics.load(words, BEGUN) === step) Atomics.wait(words, BEGUN, step);
      words[LATE] = step * 10 + 1;
      link.wait();
      expect(words[SEEN]).toBe(step * 10 + 1);
    }
    link.stop();
    expect(await ended).toBe(0);
  });

  it('releases a rank that waits for late inputs when the engine is gone', async () => {
    const link = RankLink.allocate();
    const words = new Int32Array(new SharedArrayBuffer(12));
    const worker = new Worker(new URL('./late-input-rank.mjs', import.meta.url), {
      workerData: { memory: link.memory, words: words.buffer },
      execArgv: [],
    });
    const failed = new Promise<Error>((resolve) => worker.once('error', (error) => resolve(error as Error)));
    link.submit();
    while (Atomics.load(words, 0) === 0) Atomics.wait(words, 0, 0);
    link.markGone();
    expect((await failed).message).toBe('the engine is gone');
  });

  it('ends a rank whose engine is gone, which does not compute the step once more', () => {
    const link = RankLink.allocate();
    const rank = new RankLink(link.memory);
    link.submit();
    expect(rank.next()).toBe(true);
    link.markGone();
    rank.complete(null);
    expect(rank.next()).toBe(false);
    expect(() => link.wait()).toThrow(new RankError('the rank is gone'));
  });

  it('wakes and ends a rank that waits for a step when the engine is gone', async () => {
    const link = RankLink.allocate();
    const counter = new Int32Array(new SharedArrayBuffer(4));
    const ended = startIncrementRank(link, counter);
    link.submit();
    link.wait();
    link.markGone();
    expect(await ended).toBe(0);
    expect(counter[0]).toBe(1);
  });

  it('blocks each side until the other has acted, across threads', async () => {
    const link = RankLink.allocate();
    const counter = new Int32Array(new SharedArrayBuffer(4));
    // The rank increments what the engine has set: any step seen twice, early or not at all breaks the sum.
    const ended = startIncrementRank(link, counter);
    for (let step = 0; step < 2000; step++) {
      counter[0] = step * 10;
      link.submit();
      link.wait();
      expect(counter[0]).toBe(step * 10 + 1);
    }
    link.stop();
    expect(await ended).toBe(0);
  });
});

describe('several steps under way', () => {
  it('are begun, completed and waited for in order', () => {
    const link = RankLink.allocate();
    const rank = new RankLink(link.memory);
    link.submit();
    expect([rank.hasNext, rank.next(), rank.hasNext]).toEqual([true, true, false]);
    link.submit();
    expect([rank.hasNext, rank.next(), rank.hasNext]).toEqual([true, true, false]);
    rank.complete(null);
    link.wait();
    rank.complete(new Error('the second one'));
    expect(() => link.wait()).toThrow(new RankError('the second one'));
  });

  it('go on when their number no longer fits a word', () => {
    const memory = { control: new SharedArrayBuffer(32_768) };
    new Int32Array(memory.control).fill(2 ** 31 - 2, 0, 2);
    const link = new RankLink(memory);
    const rank = new RankLink(memory);
    for (let step = 0; step < 4; step++) {
      link.submit();
      expect(rank.next()).toBe(true);
      expect(rank.hasNext).toBe(false);
      rank.complete(null);
      link.wait();
    }
  });
});

describe('serveSteps', () => {
  /** A rank whose steps are done when it is told so, or when nothing interrupts its waiting. */
  function makeRank(log: string[], fails: readonly string[] = []): Rank {
    let begun = 0;
    let done = 0;
    const act = (name: string): void => {
      log.push(name);
      if (fails.includes(name)) throw new Error(`no ${name}`);
    };
    return {
      begin: () => act(`begin ${++begun}`),
      finish: (isInterrupted) => {
        if (isInterrupted?.()) return false;
        act(`finish ${++done}`);
        return true;
      },
      [Symbol.dispose]: () => {},
    };
  }

  /** Submits two steps at once, and stops once both are answered. */
  function serveTwo(rank: Rank): string[] {
    const link = RankLink.allocate();
    const answers: string[] = [];
    const served = new RankLink(link.memory);
    const complete = served.complete.bind(served);
    served.complete = (error) => {
      answers.push(error?.message ?? 'ok');
      complete(error);
      if (answers.length === 2) link.stop();
    };
    link.submit();
    link.submit();
    serveSteps(rank, served);
    return answers;
  }

  it('begins the next step before it waits for the one under way', () => {
    const log: string[] = [];
    expect(serveTwo(makeRank(log))).toEqual(['ok', 'ok']);
    expect(log).toEqual(['begin 1', 'begin 2', 'finish 1', 'finish 2']);
  });

  it('answers steps in order when a later one cannot begin', () => {
    const log: string[] = [];
    expect(serveTwo(makeRank(log, ['begin 2']))).toEqual(['ok', 'no begin 2']);
    expect(log).toEqual(['begin 1', 'begin 2', 'finish 1']);
  });

  it('answers with the error of a step that fails on the device', () => {
    expect(serveTwo(makeRank([], ['finish 1']))).toEqual(['no finish 1', 'ok']);
  });
});
