import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type InstallEvent, type InstallOptions, installLibraries } from '../../src/cli/install-cuda/install.ts';
import { folderSource, indexSource } from '../../src/cuda/install/wheel-source.ts';
import { ConfigError } from '../../src/errors.ts';
import { compileSources } from '../packing/compiled-sources.ts';
import { FakeIndex, hangAfter, sends } from './fake-index.ts';
import { type FakeWheel, fakeWheel, noise } from './fake-wheels.ts';

const CHILD = fileURLToPath(new URL('install-child.mjs', import.meta.url));
const FAKES: readonly FakeWheel[] = [
  fakeWheel('onnxruntime-gpu', { 'libprovider.so': noise(50_000, 1), 'libshared.so': Buffer.alloc(20_000, 'zip me ') }),
  fakeWheel('nvidia-some', { 'libsome.so.13': noise(400_000, 2) }),
];
const NAMES = ['install.json', 'libonnxruntime.so.1', 'libprovider.so', 'libshared.so', 'libsome.so.13'];

let build: string;
let compiled: string;
beforeAll(() => {
  build = mkdtempSync(path.join(tmpdir(), 'install-build-'));
  compiled = compileSources('cli/install-cuda/install.ts', build);
});
afterAll(() => rmSync(build, { recursive: true }));

let index: FakeIndex;
let root: string;
let target: string;
let runtimeLibrary: string;
let children: ChildProcess[];
beforeEach(async () => {
  index = await FakeIndex.start(FAKES);
  root = mkdtempSync(path.join(tmpdir(), 'install-'));
  target = path.join(root, 'cuda', 'onnxruntime-9.9.9');
  runtimeLibrary = path.join(root, 'libonnxruntime.so.1');
  writeFileSync(runtimeLibrary, noise(3000, 3));
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map(kill));
  await index.close();
  rmSync(root, { recursive: true });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const wheels = FAKES.map(({ wheel }) => wheel);

function install(extra: Partial<InstallOptions> = {}): Promise<boolean> {
  const source = indexSource(index.url, 1);
  return installLibraries({ target, wheels, source, runtimeLibrary, onEvent: () => {}, ...extra });
}

/** Resolves with true once the child says `word`, with false when it ends without. */
function installInChild(): { child: ChildProcess; says: (word: string) => Promise<boolean> } {
  const options = JSON.stringify({ target, wheels, runtimeLibrary, url: index.url });
  const source = path.join(build, 'cuda/install/wheel-source.js');
  const child = spawn(process.execPath, [CHILD, compiled, source, options], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const says = async (word: string): Promise<boolean> => {
    for (;;) {
      const { done, value } = await lines.next();
      if (done) return false;
      if (value === word) return true;
    }
  };
  return { child, says };
}

function expectInstalled(): void {
  expect(readdirSync(target).sort()).toEqual(NAMES);
  for (const { libraries } of FAKES) {
    for (const [name, bytes] of libraries) expect(readFileSync(path.join(target, name)).equals(bytes), name).toBe(true);
  }
  expect(readFileSync(path.join(target, 'libonnxruntime.so.1')).equals(readFileSync(runtimeLibrary))).toBe(true);
  // Nothing of the work is left beside it.
  expect(readdirSync(path.dirname(target))).toEqual([path.basename(target)]);
}

const requested = (): string[] => index.fileRequests.map(({ filename }) => filename);

describe('installLibraries', () => {
  it('brings the libraries, with progress', async () => {
    const events: InstallEvent[] = [];
    expect(await install({ onEvent: (event) => events.push(event) })).toBe(true);
    expectInstalled();
    const total = FAKES[0]!.bytes.length + FAKES[1]!.bytes.length;
    const bytes = events.flatMap((event) => (event.phase === 'waiting' ? [] : [event.bytesDone]));
    expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
    expect(events.at(-1)).toEqual({ phase: 'unpacking', wheel: wheels[1], bytesDone: total, bytesTotal: total });
  });

  it('gives the packaged library a second name', async () => {
    await install();
    expect(statSync(path.join(target, 'libonnxruntime.so.1')).ino).toBe(statSync(runtimeLibrary).ino);
  });

  it('does nothing when all is there', async () => {
    await install();
    index.fileRequests.length = 0;
    index.pageRequests.length = 0;
    expect(await install()).toBe(false);
    expect([...requested(), ...index.pageRequests]).toEqual([]);
  });

  it('fetches only what is missing or damaged', async () => {
    await install();
    index.fileRequests.length = 0;
    truncateSync(path.join(target, 'libsome.so.13'), 1000);
    expect(await install()).toBe(true);
    expectInstalled();
    expect(requested()).toEqual([wheels[1]!.filename]);
  });

  it('adds a wheel to an installation without fetching the others again', async () => {
    await install({ wheels: wheels.slice(0, 1) });
    expect(existsSync(path.join(target, 'libsome.so.13'))).toBe(false);
    index.fileRequests.length = 0;
    await install();
    expectInstalled();
    expect(requested()).toEqual([wheels[1]!.filename]);
  });

  it('replaces libraries of another wheel, though their sizes are right', async () => {
    await install();
    const record = path.join(target, 'install.json');
    writeFileSync(record, readFileSync(record, 'utf8').replace(wheels[1]!.sha256, 'f'.repeat(64)));
    index.fileRequests.length = 0;
    expect(await install()).toBe(true);
    expectInstalled();
    expect(requested()).toEqual([wheels[1]!.filename]);
  });

  it('replaces the copy of the packaged library after an update', async () => {
    await install();
    rmSync(runtimeLibrary);
    writeFileSync(runtimeLibrary, noise(4000, 4));
    index.fileRequests.length = 0;
    await install();
    expectInstalled();
    expect(requested()).toEqual([]);
  });

  it('leaves nothing behind that a start could take for finished when a wheel is wrong', async () => {
    index.answers.push(sends((bytes) => bytes));
    index.answers.push(sends((bytes) => Buffer.from(bytes).fill(7, 100, 200)));
    await expect(install()).rejects.toThrow(`is not ${wheels[1]!.filename}`);
    expect(existsSync(target)).toBe(false);
  });

  it('asks for the room on the disk before it fetches anything', async () => {
    const [library] = wheels[1]!.libraries;
    const huge = { ...wheels[1]!, libraries: [{ ...library!, byteLength: 2 ** 50 }] };
    await expect(install({ wheels: [huge] })).rejects.toThrow(/not enough disk space for the CUDA libraries/);
    expect(requested()).toEqual([]);
  });

  it('refuses a wheel that does not hold what it should', async () => {
    const other = { ...wheels[0]!, libraries: [{ entry: 'nvidia/lib/libelse.so', byteLength: 1 }] };
    await expect(install({ wheels: [other] })).rejects.toThrow(/does not hold nvidia\/lib\/libelse\.so/);
    const sized = { ...wheels[0]!, libraries: [{ entry: 'nvidia/lib/libshared.so', byteLength: 1 }] };
    await expect(install({ wheels: [sized] })).rejects.toThrow(/libshared\.so has 20000 bytes, not 1/);
  });

  it('names the cache folder when it cannot be used', async () => {
    writeFileSync(path.join(root, 'cuda'), '');
    await expect(install()).rejects.toThrow(/cuda: .*is a file.*--cache-dir/);
  });
});

describe('a folder of wheels', () => {
  const folder = (): string => path.join(root, 'wheels');
  beforeEach(() => {
    mkdirSync(folder());
    for (const { wheel, bytes } of FAKES) writeFileSync(path.join(folder(), wheel.filename), bytes);
  });

  it('is enough, and stays as it is', async () => {
    await index.close();
    expect(await install({ source: folderSource(folder()) })).toBe(true);
    expectInstalled();
    expect(readdirSync(folder()).sort()).toEqual(wheels.map(({ filename }) => filename).sort());
    index = await FakeIndex.start(FAKES);
  });

  it('must hold every wheel', async () => {
    rmSync(path.join(folder(), wheels[1]!.filename));
    await expect(install({ source: folderSource(folder()) })).rejects.toThrow(
      new RegExp(`--wheels .*wheels lacks ${wheels[1]!.filename}`),
    );
    await expect(install({ source: folderSource(path.join(root, 'none')) })).rejects.toThrow(/none is not a folder/);
  });

  it('must hold the right ones', async () => {
    const file = path.join(folder(), wheels[0]!.filename);
    writeFileSync(file, 'something else');
    await expect(install({ source: folderSource(folder()) })).rejects.toThrow(`${file} is not ${wheels[0]!.filename}`);
    await expect(install({ source: folderSource(folder()) })).rejects.toBeInstanceOf(ConfigError);
    expect(existsSync(target)).toBe(false);
  });
});

describe('several processes', () => {
  it('continues what a killed one has left, in the middle of a wheel', async () => {
    index.answers.push(
      sends((bytes) => bytes),
      hangAfter(200_000),
    );
    const { child, says } = installInChild();
    expect(await says('got nvidia-some')).toBe(true);
    await kill(child);
    expect(existsSync(target)).toBe(false);
    index.fileRequests.length = 0;
    expect(await install()).toBe(true);
    expectInstalled();
    // The first wheel is not fetched again; of the second, the rest.
    expect(requested()).toEqual([wheels[1]!.filename]);
    expect(index.fileRequests[0]?.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('lets one work and the others wait for it', async () => {
    const several = Array.from({ length: 4 }, installInChild);
    await Promise.all(several.map(({ child }) => once(child, 'exit')));
    expect(several.map(({ child }) => child.exitCode)).toEqual([0, 0, 0, 0]);
    expectInstalled();
    expect(requested().sort()).toEqual(wheels.map(({ filename }) => filename).sort());
  });

  it('goes on where the one that it waits for is killed', async () => {
    index.answers.push(hangAfter(10_000));
    const first = installInChild();
    expect(await first.says('got onnxruntime-gpu')).toBe(true);
    const second = installInChild();
    expect(await second.says('waiting')).toBe(true);
    await kill(first.child);
    expect(await second.says('done true')).toBe(true);
    expectInstalled();
  });
});
