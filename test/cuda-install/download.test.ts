import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadWheel } from '../../src/cuda/install/download.ts';
import { SimpleIndex } from '../../src/cuda/install/simple-index.ts';
import { cutAfter, FakeIndex, sends, status } from './fake-index.ts';
import { fakeWheel, noise } from './fake-wheels.ts';

const fake = fakeWheel('some-lib', { 'libsome.so.1': noise(300_000, 1) });
let index: FakeIndex;
let folder: string;
let file: string;
beforeEach(async () => {
  index = await FakeIndex.start([fake]);
  folder = mkdtempSync(path.join(tmpdir(), 'download-'));
  file = path.join(folder, 'wheel.part');
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await index.close();
});

async function download(): Promise<number[]> {
  const seen: number[] = [];
  const location = await new SimpleIndex(index.url).locate(fake.wheel);
  await downloadWheel(location, fake.wheel, file, { onBytes: (bytes) => seen.push(bytes), retryDelayMs: 1 });
  return seen;
}

const ranges = (): (string | undefined)[] => index.fileRequests.map(({ range }) => range);

describe('downloadWheel', () => {
  it('downloads a wheel and counts its bytes', async () => {
    const seen = await download();
    expect(readFileSync(file).equals(fake.bytes)).toBe(true);
    expect(seen.at(-1)).toBe(fake.bytes.length);
    expect(ranges()).toEqual([undefined]);
  });

  it('continues what is there', async () => {
    writeFileSync(file, fake.bytes.subarray(0, 123_456));
    const seen = await download();
    expect(readFileSync(file).equals(fake.bytes)).toBe(true);
    expect(ranges()).toEqual(['bytes=123456-']);
    expect(seen[0]).toBe(123_456);
  });

  it('asks for nothing when everything is there', async () => {
    writeFileSync(file, fake.bytes);
    await download();
    expect(ranges()).toEqual([]);
  });

  it('begins again when the server does not continue', async () => {
    writeFileSync(file, fake.bytes.subarray(0, 100_000));
    index.answers.push(sends((bytes) => bytes));
    await download();
    expect(readFileSync(file).equals(fake.bytes)).toBe(true);
  });

  it.each([
    ['is damaged', Buffer.alloc(100_000)],
    ['is too long', Buffer.alloc(400_000)],
    ['has the length of the wheel', Buffer.alloc(fake.bytes.length)],
  ])('begins again when what is there %s', async (_name, bytes) => {
    writeFileSync(file, bytes);
    await download();
    expect(readFileSync(file).equals(fake.bytes)).toBe(true);
    expect(ranges().at(-1)).toBeUndefined();
  });

  it('continues after broken connections and passing failures', async () => {
    index.answers.push(status(503), cutAfter(70_000), status(429), cutAfter(1));
    // The second cut answers a range with a whole file's beginning.
    await download();
    expect(readFileSync(file).equals(fake.bytes)).toBe(true);
    expect(ranges()[2]).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('gives up when nothing comes, with the reason', async () => {
    index.answers.push(...Array.from({ length: 9 }, () => status(503)));
    await expect(download()).rejects.toThrow(/files\/some_lib.*answers with 503/);
    expect(index.fileRequests).toHaveLength(5);
  });

  it.each([403, 404])('does not repeat a request that was refused with %i', async (code) => {
    index.answers.push(status(code));
    await expect(download()).rejects.toThrow(`answers with ${code}`);
    expect(index.fileRequests).toHaveLength(1);
  });

  it('refuses another file, and names it', async () => {
    index.answers.push(sends((bytes) => Buffer.from(bytes).fill(0, 5000, 5001)));
    const message = new RegExp(
      `/files/${fake.wheel.filename} is not ${fake.wheel.filename}: its SHA-256 is [0-9a-f]{64}`,
    );
    await expect(download()).rejects.toThrow(message);
    expect(index.fileRequests).toHaveLength(1);
  });

  it('stops reading when the server sends more than the wheel has', async () => {
    index.answers.push(sends((bytes) => Buffer.concat([bytes, bytes])));
    await expect(download()).rejects.toThrow(`sends more than its ${fake.bytes.length} bytes`);
    expect(existsSync(file) && readFileSync(file).length).toBeLessThanOrEqual(fake.bytes.length);
  });
});
