import { existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Checkpoint, openCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { planPackedWeights } from '../../src/deepseek-v2/packed-weights.ts';
import { FLOAT32, type Precision } from '../../src/deepseek-v2/precision.ts';
import { CheckpointError } from '../../src/errors.ts';
import { BlockClaims } from '../../src/packing/block-claims.ts';
import { layOut } from '../../src/packing/layout.ts';
import { type PackOptions, packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import type { PackedModel } from '../../src/packing/packed-model.ts';
import type { PackProgress } from '../../src/packing/progress.ts';
import { runJob } from '../../src/packing/run-job.ts';
import { writeWeights } from '../../src/packing/write-weights.ts';
import { modelAndCache } from './model-and-cache.ts';
import { SMALL, tensorsOf, writeShards, writeSingle } from './synthetic-checkpoint.ts';

/** Rows whose values begin on no word, and ones that do, of several blocks of 128. */
const CONFIG = { ...SMALL, hiddenSize: 272, moeIntermediateSize: 49 };
const GPU: Precision = { stream: 'bf16', experts: 'f16' };
const INT8: Precision = { stream: 'bf16', experts: 'u8' };

const folders = modelAndCache();

const pack = (options: Partial<PackOptions>): Promise<PackedModel> =>
  packCheckpoint({
    folder: folders.model.path,
    config: CONFIG,
    precision: GPU,
    cacheRoot: folders.cache.path,
    ...options,
  });
const store = (): string[] => readdirSync(path.join(folders.cache.path, 'packed'));
/** Finite values of 16 bits, small enough for fp16. */
const writeModel = (): void => {
  const tensors = tensorsOf(CONFIG, ['BF16', 'F16', 'BF16']);
  for (const { bytes } of tensors.values()) for (let i = 1; i < bytes.length; i += 2) bytes[i]! &= 0xbf;
  writeShards(folders.model.path, tensors, 3);
};

describe('packing with workers', () => {
  it.each([
    ['float32', FLOAT32],
    ['bf16 and fp16', GPU],
    ['int8', INT8],
  ])('writes what packing in one thread writes, in %s', async (_, precision) => {
    writeModel();
    const checkpoint = await openCheckpoint(folders.model.path);
    const plan = planPackedWeights(CONFIG, precision);
    const layout = layOut(plan, precision);
    const write = async (workers: number, blockElements: number): Promise<Buffer> => {
      const file = path.join(folders.cache.path, `${workers}-${blockElements}.bin`);
      await writeWeights({ file, checkpoint, plan, layout, blockElements, workers });
      return readFileSync(file);
    };
    const alone = await write(0, 1_000_000);
    expect(alone.some((byte) => byte !== 0)).toBe(true);
    for (const workers of [1, 3]) {
      for (const elements of [600, 1_000_000]) {
        const shared = await write(workers, elements);
        expect(shared.equals(alone), `${workers} workers, blocks of ${elements}`).toBe(true);
      }
    }
    await checkpoint.close();
  });

  it('reports progress up to the last byte', async () => {
    writeModel();
    const seen: PackProgress[] = [];
    const { tensors } = await pack({ workers: 3, onProgress: (progress) => seen.push(progress) });
    const total = [...tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(seen.at(-1)).toEqual({ phase: 'syncing', bytesDone: total, bytesTotal: total });
    const done = seen.map(({ bytesDone }) => bytesDone);
    expect(done).toEqual([...done].sort((a, b) => a - b));
  });
});

describe.each([0, 2])('what goes wrong with %i workers', (workers) => {
  it('names a file that shrinks', async () => {
    writeModel();
    const checkpoint = await openCheckpoint(folders.model.path);
    const { path: file } = checkpoint.shards[1]!;
    truncateSync(file, 8192);
    const plan = planPackedWeights(CONFIG, GPU);
    const target = path.join(folders.cache.path, 'weights.bin');
    const writing = writeWeights({ file: target, checkpoint, plan, layout: layOut(plan, GPU), workers });
    await expect(writing).rejects.toThrow(CheckpointError);
    await expect(writing).rejects.toThrow(`${file}: became shorter while it was read`);
    await expect(writing).rejects.toMatchObject({ file });
    await checkpoint.close();
  });

  it('names the file of a tensor that does not fit', async () => {
    const tensors = tensorsOf(CONFIG);
    const name = 'model.layers.1.mlp.experts.2.down_proj.weight';
    tensors.get(name)!.bytes.set(Buffer.from(Float32Array.of(-70_000).buffer).subarray(2), 0);
    writeSingle(folders.model.path, tensors);
    const packing = pack({ workers });
    await expect(packing).rejects.toThrow(CheckpointError);
    await expect(packing).rejects.toThrow(`model.safetensors: ${name} has values beyond fp16, which this device`);
    expect(store()).toEqual([]);
  });

  it('stops when it is aborted, and leaves nothing behind', async () => {
    writeModel();
    const abort = new AbortController();
    const reason = new Error('stop');
    const onProgress = (): void => abort.abort(reason);
    await expect(pack({ workers, signal: abort.signal, onProgress })).rejects.toBe(reason);
    expect(store()).toEqual([]);
  });

  it('passes on what the listener to its progress throws', async () => {
    writeModel();
    const failure = new Error('listener');
    const onProgress = (): void => {
      throw failure;
    };
    await expect(pack({ workers, onProgress })).rejects.toBe(failure);
    expect(store()).toEqual([]);
  });

  it.skipIf(!existsSync('/dev/full'))('keeps the code of a full disk', async () => {
    writeModel();
    const checkpoint = await openCheckpoint(folders.model.path);
    const full = await open('/dev/full', 'w');
    const running = runJob({ ...jobOf(checkpoint, full.fd), workers });
    await expect(running).rejects.toMatchObject({ code: 'ENOSPC' });
    await full.close();
    await checkpoint.close();
  });
});

function jobOf(checkpoint: Checkpoint, fd: number) {
  const plan = planPackedWeights(CONFIG, GPU);
  return {
    job: {
      plan: { tensors: plan.tensors, sourceShapes: plan.sourceShapes },
      layout: layOut(plan, GPU),
      sources: new Map([...plan.sourceShapes.keys()].map((name) => [name, checkpoint.rowsOf(name)])),
      blockElements: 600,
      fd,
      claims: new BlockClaims().memory,
    },
    onWritten: () => expect.unreachable('nothing can be written'),
  };
}

describe('BlockClaims', () => {
  const list = Array.from({ length: 50 }, (_, i) => i);

  it('gives every entry to one of those who share it, in order', () => {
    const claims = new BlockClaims();
    const shares = [claims, new BlockClaims(claims.memory), new BlockClaims(claims.memory)].map((c) => c.of(list));
    const given: number[][] = [[], [], []];
    // Turns of unequal lengths: one of three takes one, two or three entries.
    for (let turn = 0; given.flat().length < list.length; turn++) {
      for (let i = 0; i <= turn % 3; i++) {
        const { value, done } = shares[turn % 3]!.next();
        if (!done) given[turn % 3]!.push(value);
      }
    }
    expect(given.flat().sort((a, b) => a - b)).toEqual(list);
    for (const share of given) expect(share).toEqual([...share].sort((a, b) => a - b));
    expect(given.every((share) => share.length > 1)).toBe(true);
  });

  it('gives nothing more once it is stopped', () => {
    const claims = new BlockClaims();
    const share = new BlockClaims(claims.memory).of(list);
    expect(share.next().value).toBe(0);
    claims.stop();
    expect(share.next().done).toBe(true);
  });
});
