import { chmodSync, mkdirSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { float32ToBf16, float32ToFp16 } from '../../src/checkpoint/float16.ts';
import { readRows } from '../../src/checkpoint/tensor-rows.ts';
import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';
import { readModelConfig } from '../../src/deepseek-v2/parse-config.ts';
import { FLOAT32 } from '../../src/deepseek-v2/precision.ts';
import { CheckpointError, ConfigError } from '../../src/errors.ts';
import { defaultCacheRoot } from '../../src/packing/cache-root.ts';
import { requireDiskSpace } from '../../src/packing/disk-space.ts';
import { type PackOptions, packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import type { PackedDtype, PackedModel } from '../../src/packing/packed-model.ts';
import type { PackProgress } from '../../src/packing/progress.ts';
import { type TensorData, temporaryFolder } from '../checkpoint/write-safetensors.ts';
import { modelAndCache } from './model-and-cache.ts';
import { assembleNaively, decodeNaively } from './naive-assembly.ts';
import { SMALL, tensorsOf, writeShards, writeSingle } from './synthetic-checkpoint.ts';

const MODELS = fileURLToPath(new URL('../fixtures/models/', import.meta.url));

const folders = modelAndCache();

const pack = (options: Partial<PackOptions> = {}): Promise<PackedModel> =>
  packCheckpoint({
    folder: folders.model.path,
    config: SMALL,
    precision: FLOAT32,
    cacheRoot: folders.cache.path,
    ...options,
  });
const store = (): string[] => readdirSync(path.join(folders.cache.path, 'packed'));
const weightsOf = ({ folder, weightsFile }: PackedModel): Buffer => readFileSync(path.join(folder, weightsFile));

function encode(values: Float32Array<ArrayBuffer>, dtype: PackedDtype): ArrayBuffer {
  if (dtype === 'f32') return values.buffer;
  const bits = new Uint16Array(values.length);
  (dtype === 'bf16' ? float32ToBf16 : float32ToFp16)(values, bits);
  return bits.buffer;
}

function expectSameAsNaive(
  packed: PackedModel,
  config: DeepseekV2Config,
  read: (name: string) => number[],
  stacksShared = false,
): void {
  const expected = assembleNaively(config, read, stacksShared);
  const weights = weightsOf(packed);
  expect([...packed.tensors.keys()].sort()).toEqual([...expected.keys()].sort());
  let end = 0;
  for (const [name, { offset, byteLength, shape, dtype }] of packed.tensors) {
    expect(offset % 4096).toBe(0);
    expect(offset).toBeGreaterThanOrEqual(end);
    end = offset + byteLength;
    expect(byteLength).toBe((dtype === 'f32' ? 4 : 2) * shape.reduce((a, b) => a * b, 1));
    const want = Buffer.from(encode(Float32Array.from(expected.get(name)!), dtype));
    expect(weights.subarray(offset, end).equals(want), name).toBe(true);
  }
  expect(weights.length).toBe(Math.ceil(end / 4096) * 4096);
}

describe('packed contents', () => {
  it('equal a naive assembly, for mixed types and several shards', async () => {
    const tensors = tensorsOf(SMALL, ['BF16', 'F32', 'F16', 'BF16', 'F16']);
    writeShards(folders.model.path, tensors, 3);
    const packed = await pack();
    expectSameAsNaive(packed, SMALL, (name) => decodeNaively(tensors.get(name)!.dtype, tensors.get(name)!.bytes));
  });

  it.each([
    { stream: 'bf16', experts: 'f16' },
    { stream: 'f16', experts: 'f16' },
  ] as const)('equal a naive assembly in $stream with experts in $experts', async (precision) => {
    const tensors = tensorsOf(SMALL, ['BF16', 'F32', 'F16', 'BF16', 'F16']);
    writeShards(folders.model.path, tensors, 2);
    const packed = await pack({ precision });
    expect(packed.tensors.get('layers.1.router')?.dtype).toBe('f32');
    expect(packed.tensors.get('layers.1.experts_gate_up')?.dtype).toBe('f16');
    expect(packed.tensors.get('layers.1.o')?.dtype).toBe(precision.stream);
    expect(packed.folder).not.toBe((await pack()).folder);
    expectSameAsNaive(packed, SMALL, (name) => decodeNaively(tensors.get(name)!.dtype, tensors.get(name)!.bytes), true);
  });

  it.each(['BF16', 'F32'])('never hold an infinity made of a finite %s value', async (dtype) => {
    const tensors = tensorsOf(SMALL, [dtype]);
    const name = 'model.layers.1.mlp.experts.2.down_proj.weight';
    const { bytes } = tensors.get(name)!;
    const value = Buffer.from(Float32Array.of(-70_000).buffer);
    bytes.set(dtype === 'F32' ? value : value.subarray(2), 0);
    writeSingle(folders.model.path, tensors);
    const packing = pack({ precision: { stream: 'bf16', experts: 'f16' } });
    await expect(packing).rejects.toThrow(CheckpointError);
    await expect(packing).rejects.toThrow(`${name} has values beyond fp16`);
  });

  const fixtures = readdirSync(MODELS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  it.each(fixtures.map(({ name }) => name))('equal a naive assembly of the model fixture %s', async (name) => {
    const folder = path.join(MODELS, name);
    const config = await readModelConfig(folder);
    const checkpoint = await openCheckpoint(folder);
    const values = new Map<string, number[]>();
    for (const { name, dtype, byteLength } of checkpoint.tensors.values()) {
      const bytes = new Uint8Array(byteLength);
      const rows = checkpoint.rowsOf(name);
      readRows(rows, 0, rows.count, bytes);
      values.set(name, decodeNaively(dtype, bytes));
    }
    await checkpoint.close();
    expectSameAsNaive(await pack({ folder, config }), config, (tensor) => values.get(tensor)!);
  });

  it('reports progress up to the last byte', async () => {
    writeSingle(folders.model.path, tensorsOf(SMALL));
    const seen: PackProgress[] = [];
    const { tensors } = await pack({ onProgress: (progress) => seen.push(progress) });
    const total = [...tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(seen.at(-1)).toEqual({ phase: 'syncing', bytesDone: total, bytesTotal: total });
    const done = seen.map(({ bytesDone }) => bytesDone);
    expect(done).toEqual([...done].sort((a, b) => a - b));
  });
});

describe('reuse', () => {
  it('takes a pack that is there', async () => {
    writeSingle(folders.model.path, tensorsOf(SMALL));
    const first = await pack();
    const again = await pack({ onProgress: () => expect.unreachable('packed again') });
    expect(again).toEqual(first);
  });

  it('does not depend on where a small model lies, nor on its time stamps', async () => {
    writeSingle(folders.model.path, tensorsOf(SMALL));
    const first = await pack();
    const copy = temporaryFolder();
    writeSingle(copy.path, tensorsOf(SMALL));
    utimesSync(path.join(copy.path, 'model.safetensors'), 499162500, 499162500);
    expect((await pack({ folder: copy.path })).folder).toBe(first.folder);
    copy.remove();
  });

  it('tells models apart that differ in one weight only, whatever their time stamps', async () => {
    const file = path.join(folders.model.path, 'model.safetensors');
    const tensors = tensorsOf(SMALL);
    writeSingle(folders.model.path, tensors);
    utimesSync(file, 499162500, 499162500);
    const first = await pack();
    tensors.get('model.layers.1.mlp.experts.2.up_proj.weight')!.bytes[5]! ^= 1;
    writeSingle(folders.model.path, tensors);
    utimesSync(file, 499162500, 499162500);
    expect((await pack()).folder).not.toBe(first.folder);
  });

  it('does not pack again for a configuration that leaves the weights alone', async () => {
    writeSingle(folders.model.path, tensorsOf(SMALL));
    const first = await pack();
    expect((await pack({ config: { ...SMALL, ropeTheta: 1e6, eosTokenIds: [7] } })).folder).toBe(first.folder);
  });

  it.each([
    ['a truncated weights file', (folder: string) => truncateSync(path.join(folder, 'weights.bin'), 4096)],
    ['a truncated manifest', (folder: string) => truncateSync(path.join(folder, 'manifest.json'), 100)],
    [
      'a manifest of another version',
      (folder: string) => {
        const file = path.join(folder, 'manifest.json');
        writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), formatVersion: 999 }));
      },
    ],
    [
      'a manifest with a moved tensor',
      (folder: string) => {
        const file = path.join(folder, 'manifest.json');
        writeFileSync(file, readFileSync(file, 'utf8').replace('"offset": 4096', '"offset": 8192'));
      },
    ],
  ])('packs again after %s', async (_, damage) => {
    writeSingle(folders.model.path, tensorsOf(SMALL));
    const first = await pack();
    const before = weightsOf(first);
    damage(first.folder);
    const phases = new Set<string>();
    expect(await pack({ onProgress: ({ phase }) => phases.add(phase) })).toEqual(first);
    expect(phases).toEqual(new Set(['packing', 'syncing']));
    expect(weightsOf(first).equals(before)).toBe(true);
    expect(store()).toHaveLength(1);
  });
});

describe('what does not fit config.json', () => {
  const refused = async (tensors: ReadonlyMap<string, TensorData>, reason: RegExp, config = SMALL): Promise<void> => {
    writeSingle(folders.model.path, tensors);
    const failure = pack({ config });
    await expect(failure).rejects.toThrow(CheckpointError);
    await expect(failure).rejects.toThrow(reason);
    await expect(failure).rejects.toThrow(/model\.safetensors: [\x20-\x7e]+$/);
    expect(readdirSync(folders.cache.path)).toEqual([]);
  };
  const extra: TensorData = { dtype: 'F32', shape: [2], bytes: new Uint8Array(8) };

  it('names a missing tensor', async () => {
    const tensors = tensorsOf(SMALL);
    tensors.delete('model.layers.2.mlp.experts.3.down_proj.weight');
    await refused(tensors, /lacks tensor "model.layers.2.mlp.experts.3.down_proj.weight", which config.json calls for/);
  });

  it('names some of many missing tensors', async () => {
    await refused(tensorsOf({ ...SMALL, numLayers: 2 }), /lacks tensors "[^"]+", "[^"]+", "[^"]+" and \d+ more/);
  });

  it('names a tensor too many', async () => {
    await refused(
      tensorsOf(SMALL).set('model.layers.0.self_attn.q_a_proj.bias', extra),
      /q_a_proj.bias", which a model/,
    );
  });

  it('names a tensor of the wrong shape', async () => {
    await refused(tensorsOf({ ...SMALL, kvLoraRank: 9 }), /has the shape \[13, 24\]; config.json calls for \[14, 24\]/);
  });

  it.each(['F64', 'I8'])('names a tensor of type %s', async (dtype) => {
    const tensors = tensorsOf(SMALL);
    tensors.set('model.norm.weight', { dtype, shape: [24], bytes: new Uint8Array(24 * (dtype === 'I8' ? 1 : 8)) });
    await refused(tensors, new RegExp(`"model.norm.weight" has the dtype ${dtype}`));
  });

  it('lets the leftovers of old exports pass', async () => {
    const tied = { ...SMALL, tieWordEmbeddings: true };
    const tensors = tensorsOf(tied)
      .set('lm_head.weight', extra)
      .set('model.layers.0.self_attn.rotary_emb.inv_freq', extra);
    writeSingle(folders.model.path, tensors);
    const packed = await pack({ config: tied });
    const [embedding, head] = ['embed_tokens', 'lm_head'].map((name) => packed.tensors.get(name)!);
    const weights = weightsOf(packed);
    const bytesAt = ({ offset, byteLength }: { offset: number; byteLength: number }): Buffer =>
      weights.subarray(offset, offset + byteLength);
    expect(bytesAt(head!).equals(bytesAt(embedding!))).toBe(true);
  });
});

describe('failures', () => {
  it('leaves nothing behind when it is aborted', async () => {
    writeSingle(folders.model.path, tensorsOf(SMALL));
    const abort = new AbortController();
    const reason = new Error('stop');
    await expect(pack({ signal: abort.signal, onProgress: () => abort.abort(reason) })).rejects.toBe(reason);
    expect(store()).toEqual([]);
  });

  it('leaves nothing behind when the checkpoint shrinks', async () => {
    writeSingle(folders.model.path, tensorsOf(SMALL));
    const file = path.join(folders.model.path, 'model.safetensors');
    let shrunk = false;
    const onProgress = (): void => {
      if (!shrunk) truncateSync(file, 8192);
      shrunk = true;
    };
    await expect(pack({ onProgress })).rejects.toThrow(/became shorter/);
    expect(store()).toEqual([]);
  });

  it('asks for disk space with both figures', async () => {
    await expect(requireDiskSpace(folders.cache.path, 9e15)).rejects.toThrow(ConfigError);
    await expect(requireDiskSpace(folders.cache.path, 9e15)).rejects.toThrow(
      /9000000\.0 GB are needed, [\d.]+ GB are free/,
    );
    await requireDiskSpace(folders.cache.path, 4096);
  });

  it('says that the cache folder cannot be used', async () => {
    writeSingle(folders.model.path, tensorsOf(SMALL));
    const file = folders.cache.write('file', '');
    await expect(pack({ cacheRoot: file })).rejects.toThrow(ConfigError);
    await expect(pack({ cacheRoot: file })).rejects.toThrow(/cannot be used: a part of this path is a file/);
  });

  it.skipIf(process.getuid?.() === 0)('says that it may not write there', async () => {
    writeSingle(folders.model.path, tensorsOf(SMALL));
    mkdirSync(path.join(folders.cache.path, 'packed'));
    chmodSync(path.join(folders.cache.path, 'packed'), 0o500);
    await expect(pack()).rejects.toThrow(/no permission/);
  });
});

describe('several packers in one process', () => {
  it('give one pack to all', async () => {
    writeSingle(folders.model.path, tensorsOf(SMALL));
    const packs = await Promise.all([pack(), pack(), pack()]);
    expect(new Set(packs.map(({ folder }) => folder)).size).toBe(1);
    expect(store()).toHaveLength(1);
  });
});

describe('defaultCacheRoot', () => {
  it('follows XDG', () => {
    expect(defaultCacheRoot({ XDG_CACHE_HOME: '/var/cache' })).toBe('/var/cache/latent-serve');
    expect(defaultCacheRoot({ XDG_CACHE_HOME: 'relative' })).toMatch(/\.cache\/latent-serve$/);
    expect(defaultCacheRoot({})).toMatch(/^\/.*\.cache\/latent-serve$/);
  });
});
