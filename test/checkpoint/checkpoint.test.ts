import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Checkpoint, openCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { readRows } from '../../src/checkpoint/tensor-rows.ts';
import { CheckpointError } from '../../src/errors.ts';
import { readGzippedJson } from '../support/gzipped-json.ts';
import { encodeSafetensors, type TemporaryFolder, temporaryFolder } from './write-safetensors.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
const fixture = (name: string): Buffer => readFileSync(path.join(FIXTURES, 'checkpoint', name));

let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function wholeTensor(checkpoint: Checkpoint, name: string): Buffer {
  const rows = checkpoint.rowsOf(name);
  const into = Buffer.alloc(checkpoint.tensors.get(name)!.byteLength);
  readRows(rows, 0, rows.count, into);
  return into;
}

describe('openCheckpoint', () => {
  it('reads what the Python library wrote', async () => {
    const expected: Record<string, { dtype: string; shape: number[]; hex: string }> = JSON.parse(
      fixture('tensors.json').toString(),
    );
    folder.write('model.safetensors', fixture('tensors.safetensors'));
    const checkpoint = await openCheckpoint(folder.path);
    expect([...checkpoint.tensors.keys()].sort()).toEqual(Object.keys(expected).sort());
    for (const [name, { dtype, shape, hex }] of Object.entries(expected)) {
      expect(checkpoint.tensors.get(name)).toMatchObject({ dtype, shape });
      expect(wholeTensor(checkpoint, name).toString('hex'), name).toBe(hex);
    }
    await checkpoint.close();
  });

  it('reads rows by their position', async () => {
    const bytes = Uint8Array.from({ length: 5 * 6 }, (_, i) => i);
    folder.write(
      'model.safetensors',
      encodeSafetensors(
        new Map([
          ['before', { dtype: 'U8', shape: [3], bytes: new Uint8Array(3) }],
          ['m', { dtype: 'BF16', shape: [5, 3], bytes }],
        ]),
      ),
    );
    const checkpoint = await openCheckpoint(folder.path);
    const into = new Uint8Array(12);
    const rows = checkpoint.rowsOf('m');
    readRows(rows, 1, 2, into);
    expect(into).toEqual(bytes.slice(6, 18));
    expect(() => readRows(rows, 4, 2, into)).toThrow('rows outside');
    expect(() => readRows(rows, 0, 1, into)).toThrow('does not fit');
    await checkpoint.close();
  });

  it('opens every layout of the model fixtures', async () => {
    const models = readdirSync(path.join(FIXTURES, 'models'), { withFileTypes: true }).filter((e) => e.isDirectory());
    expect(models.length).toBeGreaterThan(0);
    for (const { name } of models) {
      const checkpoint = await openCheckpoint(path.join(FIXTURES, 'models', name));
      expect(checkpoint.tensors.size, name).toBeGreaterThan(20);
      await checkpoint.close();
    }
  });

  it("follows the links of Hugging Face's cache, from snapshots/ to blobs/", async () => {
    const root = path.join(folder.path, 'models--org--name');
    const snapshot = path.join(root, 'snapshots', 'abc123');
    mkdirSync(snapshot, { recursive: true });
    mkdirSync(path.join(root, 'blobs'));
    folder.write('models--org--name/blobs/5f3a', fixture('tensors.safetensors'));
    symlinkSync('../../blobs/5f3a', path.join(snapshot, 'model.safetensors'));
    const checkpoint = await openCheckpoint(snapshot);
    expect(checkpoint.tensors.has('scalar')).toBe(true);
    await checkpoint.close();

    const link = path.join(folder.path, 'my-model');
    symlinkSync(snapshot, link);
    await (await openCheckpoint(link)).close();
  });

  it('says so when a file shrinks while it is read', async () => {
    const file = folder.write('model.safetensors', fixture('tensors.safetensors'));
    const checkpoint = await openCheckpoint(folder.path);
    truncateSync(file, 900);
    expect(() => wholeTensor(checkpoint, 'bytes.u8')).toThrow(CheckpointError);
    await checkpoint.close();
  });
});

describe("the reference library's verdicts", () => {
  const { cases } = readGzippedJson<{ cases: { file: string; accepted: boolean }[] }>(
    new URL('../fixtures/checkpoint/verdicts.json.gz', import.meta.url),
  );

  it('refuses what it refuses and accepts what it accepts', async () => {
    const differences: string[] = [];
    for (const { file, accepted } of cases) {
      const bytes = Buffer.from(file, 'base64');
      folder.write('model.safetensors', bytes);
      const ours = await openCheckpoint(folder.path).then(
        async (checkpoint) => {
          await checkpoint.close();
          return true;
        },
        (error: unknown) => {
          expect(error).toBeInstanceOf(CheckpointError);
          return false;
        },
      );
      if (ours !== accepted) differences.push(`${accepted ? 'refused' : 'accepted'}: ${bytes.subarray(8)}`);
    }
    expect(cases.some(({ accepted }) => accepted)).toBe(true);
    expect(differences).toEqual([]);
  });
});
