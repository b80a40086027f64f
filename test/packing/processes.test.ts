import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FLOAT32 } from '../../src/deepseek-v2/precision.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import { listPartials, removeAbandoned } from '../../src/packing/partial-folder.ts';
import { isAlive, ownProcess } from '../../src/packing/process-identity.ts';
import { type TemporaryFolder, temporaryFolder } from '../checkpoint/write-safetensors.ts';
import { compileSources } from './compiled-sources.ts';
import { modelAndCache } from './model-and-cache.ts';
import { SMALL, tensorsOf, writeSingle } from './synthetic-checkpoint.ts';

const CHILD = fileURLToPath(new URL('pack-child.mjs', import.meta.url));

let build: TemporaryFolder;
let compiled: string;
beforeAll(() => {
  build = temporaryFolder();
  compiled = compileSources('packing/pack-checkpoint.ts', build.path, 'src', ['packing/pack-worker.ts']);
});
afterAll(() => build.remove());

const folders = modelAndCache();
let children: ChildProcess[];
beforeEach(() => {
  children = [];
  writeSingle(folders.model.path, tensorsOf(SMALL));
});
afterEach(async () => {
  await Promise.all(children.map(kill));
});

const store = (): string => path.join(folders.cache.path, 'packed');
const options = () => ({
  folder: folders.model.path,
  config: SMALL,
  precision: FLOAT32,
  cacheRoot: folders.cache.path,
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** A child that packs; `lines` are what it says. */
function packInChild(
  extra: Record<string, unknown> = {},
  stderr: 'inherit' | 'ignore' = 'inherit',
): {
  child: ChildProcess;
  lines: AsyncIterator<string>;
  all: Promise<string[]>;
} {
  const child = spawn(process.execPath, [CHILD, compiled, JSON.stringify({ ...options(), ...extra })], {
    stdio: ['ignore', 'pipe', stderr],
  });
  children.push(child);
  const reader = createInterface({ input: child.stdout! });
  const said: string[] = [];
  reader.on('line', (line) => said.push(line));
  return { child, lines: reader[Symbol.asyncIterator](), all: once(reader, 'close').then(() => said) };
}

/** A child killed before its pack was whole. */
async function killedInTheMiddle(workers = 0): Promise<void> {
  const { child, lines } = packInChild({ stopAfterFirstBlock: true, workers });
  expect((await lines.next()).value).toBe('packing');
  expect(readdirSync(store())).toEqual([expect.stringMatching(/^\.partial-/)]);
  await kill(child);
}

describe('a killed packer', () => {
  it.each([0, 2])(
    'leaves nothing that the next one takes for a pack, and that one cleans up: %i workers',
    async (workers) => {
      await killedInTheMiddle(workers);
      expect(readdirSync(store())).toHaveLength(1);
      const packed = await packCheckpoint(options());
      expect(readdirSync(store())).toEqual([path.basename(packed.folder)]);

      const elsewhere = temporaryFolder();
      const clean = await packCheckpoint({ ...options(), cacheRoot: elsewhere.path });
      const weights = (folder: string): Buffer => readFileSync(path.join(folder, 'weights.bin'));
      expect(weights(packed.folder).equals(weights(clean.folder))).toBe(true);
      elsewhere.remove();
    },
  );

  it('is cleaned up by one that packs another model', async () => {
    await killedInTheMiddle();
    writeSingle(folders.model.path, tensorsOf(SMALL, ['F32']));
    const packed = await packCheckpoint(options());
    expect(readdirSync(store())).toEqual([path.basename(packed.folder)]);
  });
});

describe('a packer with workers', () => {
  it('ends with the pack, and its threads with it', async () => {
    const { child, all } = packInChild({ workers: 3 });
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    expect((await all).map((line) => line.split(' ')[0])).toEqual(['packing', 'syncing', 'done']);
  });

  it('ends when its checkpoint cannot be packed, and leaves nothing', async () => {
    const tensors = tensorsOf(SMALL);
    tensors.get('model.norm.weight')!.bytes.set(Buffer.from(Float32Array.of(-70_000).buffer).subarray(2), 0);
    writeSingle(folders.model.path, tensors);
    const { child } = packInChild({ workers: 3, precision: { stream: 'f16', experts: 'f16' } }, 'ignore');
    const [code] = await once(child, 'exit');
    expect(code).toBe(1);
    expect(readdirSync(store())).toEqual([]);
  });
});

describe('a living packer', () => {
  it('keeps its folder while others pack and clean up', async () => {
    const { lines } = packInChild({ stopAfterFirstBlock: true });
    await lines.next();
    const [partial] = readdirSync(store());
    writeSingle(folders.model.path, tensorsOf(SMALL, ['F32']));
    const packed = await packCheckpoint(options());
    expect(readdirSync(store()).sort()).toEqual([partial, path.basename(packed.folder)].sort());
  });

  it('is waited for, until it is gone', async () => {
    const first = packInChild({ stopAfterFirstBlock: true });
    await first.lines.next();
    const second = packInChild();
    expect((await second.lines.next()).value).toBe('waiting');
    await kill(first.child);
    expect((await second.all).map((line) => line.split(' ')[0])).toEqual(['waiting', 'packing', 'syncing', 'done']);
    expect(readdirSync(store())).toHaveLength(1);
  });

  it('shares its pack with others that start at the same time', async () => {
    const said = await Promise.all([packInChild().all, packInChild().all, packInChild().all]);
    const [name, ...others] = readdirSync(store());
    expect(others).toEqual([]);
    for (const lines of said) expect(lines.at(-1)).toBe(`done ${path.join(store(), name!)}`);
  });
});

describe('folders of processes', () => {
  const folderOf = (scope: string, pid: number, start: string): string => {
    const folder = path.join(store(), `.partial-abc-${scope}-${pid}-${start}-00ff`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'weights.bin'), 'x');
    return folder;
  };
  const own = ownProcess();

  it('know this process', () => {
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ ...own, scope: 'another' })).toBeNull();
  });

  it.skipIf(process.platform !== 'linux')('are not fooled by a number given out again', async () => {
    expect(isAlive({ ...own, start: 'earlier' })).toBe(false);
    folderOf(own.scope, own.pid, 'earlier');
    const mine = folderOf(own.scope, own.pid, own.start);
    await removeAbandoned(store());
    expect((await listPartials(store())).map((partial) => partial.path)).toEqual([mine]);
  });

  it('of other machines and containers go only after a long silence', async () => {
    const folder = folderOf('elsewhere', 1, 'x');
    await removeAbandoned(store());
    expect(await listPartials(store())).toHaveLength(1);
    utimesSync(folder, 1, 1);
    await removeAbandoned(store());
    expect(await listPartials(store())).toHaveLength(1); // its weights were written just now
    utimesSync(path.join(folder, 'weights.bin'), 1, 1);
    await removeAbandoned(store());
    expect(await listPartials(store())).toEqual([]);
  });

  it('are told from finished packs and foreign files', async () => {
    mkdirSync(store(), { recursive: true });
    for (const name of ['abcdef', '.partial', '.partial-a-b', '.partial-a-b-x-c-d', 'notes.txt'])
      mkdirSync(path.join(store(), name));
    await removeAbandoned(store());
    expect(readdirSync(store())).toHaveLength(5);
  });
});
