import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../src/errors.ts';
import { safetensorsFile, type TemporaryFolder, temporaryFolder } from './write-safetensors.ts';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

/** Opening must fail with one printable line that names `file` (within the folder) and matches `reason`. */
async function expectRefused(file: string, reason: RegExp): Promise<void> {
  const error = await openCheckpoint(folder.path).then(
    async (checkpoint) => {
      await checkpoint.close();
      return null;
    },
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  const { message } = error as CheckpointError;
  expect(message).toMatch(reason);
  expect(message.replace(folder.path, '')).toMatch(/^[\x20-\x7e]{1,500}$/);
  expect((error as CheckpointError).file).toBe(path.join(folder.path, file));
}

const good = { a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] } };
const tensor = (fields: Record<string, unknown>): Record<string, unknown> => ({ t: { ...good.a, ...fields } });
const data = new Uint8Array(16);

const headers: [name: string, file: Uint8Array, reason: RegExp][] = [
  ['an empty file', new Uint8Array(), /is empty/],
  ['a file of seven bytes', new Uint8Array(7), /only 7 bytes/],
  ['a header longer than the cap', safetensorsFile(good, data, 100_000_001n), /claims a header of 100000001 bytes/],
  [
    'a header length of 2^64 - 1',
    safetensorsFile(good, data, 2n ** 64n - 1n),
    /claims a header of 18446744073709551615 bytes/,
  ],
  ['a header longer than the file', safetensorsFile(good, data, 5000n), /cut short/],
  ['a header of no bytes', safetensorsFile('', data), /not a JSON object/],
  [
    'a Git LFS pointer',
    Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n'),
    /git lfs pull/,
  ],
  ['a pickle', Buffer.from('80027d71002e80027d71002e80027d71002e', 'hex'), /not a safetensors file/],
  [
    'a zip archive',
    Buffer.concat([Buffer.from('PK\x03\x04'), new Uint8Array(300)]),
    /cut short|not a safetensors file/,
  ],
  ['an array for a header', safetensorsFile('[]'), /not a JSON object/],
  ['leading spaces', safetensorsFile('  {}'), /not a JSON object/],
  ['a byte order mark', safetensorsFile('\ufeff{}'), /not a JSON object/],
  ['broken JSON', safetensorsFile('{"a":', data), /not valid JSON/],
  ['text after the JSON', safetensorsFile('{} {}'), /not valid JSON/],
  ['JSON with a terminal escape', safetensorsFile('{"\u001b[31m', data), /not valid JSON/],
  ['invalid UTF-8', safetensorsFile(Buffer.from('{"\xff":1}', 'latin1')), /not UTF-8/],
  ['deep nesting', safetensorsFile(`{"a":${'['.repeat(1_000_000)}`), /nested deeper/],
  ['deep nesting in metadata', safetensorsFile('{"__metadata__":{"a":{"b":{"c":1}}}}'), /nested deeper/],
  ['millions of values', safetensorsFile(`{"a":[${'0,'.repeat(4_100_000)}0]}`), /more than 4000000 values/],
  [
    'a tensor named twice',
    safetensorsFile(`{"a":${JSON.stringify(good.a)},"a":${JSON.stringify(good.a)}}`, data),
    /key "a" twice/,
  ],
  [
    'a tensor named twice in two spellings',
    safetensorsFile(`{"a":${JSON.stringify(good.a)},"\\u0061":${JSON.stringify(good.a)}}`, data),
    /key "a" twice/,
  ],
  [
    'two shapes of one tensor',
    safetensorsFile('{"a":{"dtype":"F32","shape":[4],"shape":[2,2],"data_offsets":[0,16]}}', data),
    /key "shape" twice/,
  ],
  ['a tensor that is null', safetensorsFile({ t: null }, data), /not described by an object/],
  ['a tensor that is an array', safetensorsFile({ t: [] }, data), /not described by an object/],
  ['a prototype as a tensor', safetensorsFile('{"__proto__":1}'), /"__proto__" is not described/],
  ['no dtype', safetensorsFile(tensor({ dtype: undefined }), data), /has no dtype/],
  ['a numeric dtype', safetensorsFile(tensor({ dtype: 32 }), data), /has no dtype/],
  ['an unknown dtype', safetensorsFile(tensor({ dtype: 'F128' }), data), /unknown dtype "F128"/],
  ['a dtype in lower case', safetensorsFile(tensor({ dtype: 'f32' }), data), /unknown dtype/],
  ['a dtype that objects inherit', safetensorsFile(tensor({ dtype: 'constructor' }), data), /unknown dtype/],
  ['no shape', safetensorsFile(tensor({ shape: undefined }), data), /shape/],
  ['a shape of strings', safetensorsFile(tensor({ shape: ['2', '2'] }), data), /shape/],
  ['a negative size', safetensorsFile(tensor({ shape: [-2, -2] }), data), /shape/],
  ['half a row', safetensorsFile(tensor({ shape: [2.5, 2] }), data), /shape/],
  [
    'a size past 2^53',
    safetensorsFile('{"t":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,16]}}', data),
    /shape/,
  ],
  [
    'a shape whose product overflows',
    safetensorsFile(tensor({ shape: [4294967296, 4294967296, 4294967296] }), data),
    /absurd shape/,
  ],
  [
    'a shape whose product wraps to fit in 64 bits',
    safetensorsFile(tensor({ shape: [2 ** 32, 2 ** 32, 4] }), data),
    /absurd shape/,
  ],
  ['a shape whose bytes overflow', safetensorsFile(tensor({ shape: [2 ** 52] }), data), /absurd shape/],
  ['too many dimensions', safetensorsFile(tensor({ shape: Array(33).fill(1) }), data), /33 dimensions/],
  [
    'a shape that does not fit its bytes',
    safetensorsFile(tensor({ shape: [2, 3] }), data),
    /has 16 bytes, but F32 \[2, 3\] takes 24/,
  ],
  ['a dtype that does not fit its bytes', safetensorsFile(tensor({ dtype: 'BF16' }), data), /takes 8/],
  ['half a byte of 4-bit values', safetensorsFile(tensor({ dtype: 'F4', shape: [33] }), data), /takes 16.5/],
  ['no offsets', safetensorsFile(tensor({ data_offsets: undefined }), data), /data_offsets/],
  ['one offset', safetensorsFile(tensor({ data_offsets: [0] }), data), /data_offsets/],
  ['three offsets', safetensorsFile(tensor({ data_offsets: [0, 8, 16] }), data), /data_offsets/],
  ['a negative offset', safetensorsFile(tensor({ data_offsets: [-16, 0] }), data), /data_offsets/],
  [
    'an infinite offset',
    safetensorsFile('{"t":{"dtype":"F32","shape":[2,2],"data_offsets":[0,1e400]}}', data),
    /data_offsets/,
  ],
  ['offsets the wrong way round', safetensorsFile(tensor({ data_offsets: [16, 0] }), data), /before it begins/],
  [
    'offsets past the end of the file',
    safetensorsFile(tensor({ data_offsets: [0, 16] }), new Uint8Array(15)),
    /cut short/,
  ],
  ['absurd offsets', safetensorsFile(tensor({ shape: [2 ** 40], data_offsets: [0, 2 ** 42] }), data), /cut short/],
  [
    'tensors that overlap',
    safetensorsFile({ a: good.a, b: { ...good.a, data_offsets: [8, 24] } }, new Uint8Array(24)),
    /"b" overlaps/,
  ],
  ['two tensors on the same bytes', safetensorsFile({ a: good.a, b: good.a }, data), /overlaps/],
  [
    'a hole between tensors',
    safetensorsFile({ a: good.a, b: { ...good.a, data_offsets: [20, 36] } }, new Uint8Array(36)),
    /4 bytes before tensor "b"/,
  ],
  [
    'a hole before the first tensor',
    safetensorsFile({ b: { ...good.a, data_offsets: [4, 20] } }, new Uint8Array(20)),
    /4 bytes before/,
  ],
  ['bytes after the last tensor', safetensorsFile(good, new Uint8Array(17)), /1 bytes after/],
  ['metadata that is not strings', safetensorsFile({ __metadata__: { a: 1 }, ...good }, data), /__metadata__/],
  ['metadata that is a list', safetensorsFile({ __metadata__: [], ...good }, data), /__metadata__/],
  [
    'a name that would steer a terminal',
    safetensorsFile({ '\u001b]0;x\u0007\u009b31m\u202e': { ...good.a, dtype: 'X' } }, data),
    /\\u001b\]0;x\\u0007\\u009b31m\\u202e/,
  ],
  [
    'a name of a megabyte',
    safetensorsFile({ ['x'.repeat(1_000_000)]: { ...good.a, dtype: 'X' } }, data),
    /"x{160}\.\.\."/,
  ],
];

describe('hostile headers', () => {
  it.each(headers)('refuses %s', async (_, file, reason) => {
    folder.write('model.safetensors', file);
    await expectRefused('model.safetensors', reason);
  });
});

describe('hostile folders', () => {
  const index = (weightMap: unknown): void => {
    folder.write(
      'model.safetensors.index.json',
      JSON.stringify({ metadata: { total_size: 16 }, weight_map: weightMap }),
    );
  };
  const indexFile = 'model.safetensors.index.json';

  it('refuses a folder without weights', () => expectRefused('', /holds no weights/));

  it('refuses a folder that does not exist', async () => {
    folder.remove();
    await expectRefused('', /does not exist/);
  });

  it('refuses a file in place of the folder', async () => {
    const file = folder.write('model.gguf', 'GGUF');
    await expect(openCheckpoint(file)).rejects.toThrow(/is a file; a model is a folder/);
  });

  it.each([
    'pytorch_model.bin',
    'pytorch_model-00001-of-00002.bin',
    'consolidated.00.pth',
    'pytorch_model.bin.index.json',
  ])('refuses pickle and names safetensors: %s', async (name) => {
    folder.write(name, 'x');
    await expectRefused('', /pickle.*run code.*only safetensors/);
  });

  it('refuses GGUF', async () => {
    folder.write('model-q4.gguf', 'x');
    await expectRefused('', /GGUF.*only safetensors/);
  });

  it('refuses shards without an index', async () => {
    folder.write('model-00001-of-00002.safetensors', safetensorsFile(good, data));
    await expectRefused('', /neither model.safetensors nor model.safetensors.index.json/);
  });

  it('refuses a folder in place of the weights', async () => {
    mkdirSync(path.join(folder.path, 'model.safetensors'));
    await expectRefused('model.safetensors', /is a folder/);
  });

  it('refuses a named pipe in place of the weights, without waiting for a writer', async () => {
    execFileSync('mkfifo', [path.join(folder.path, 'model.safetensors')]);
    await expectRefused('model.safetensors', /not a regular file/);
  });

  it('refuses a link that leads out of the folder', async () => {
    const outside = temporaryFolder();
    symlinkSync(outside.write('secret', safetensorsFile(good, data)), path.join(folder.path, 'model.safetensors'));
    await expectRefused('model.safetensors', /link that leads out/);
    outside.remove();
  });

  it('refuses a link that leads nowhere, or back to itself', async () => {
    symlinkSync('gone', path.join(folder.path, 'model.safetensors'));
    await expectRefused('model.safetensors', /does not exist/);
    folder.remove();
    folder = temporaryFolder();
    symlinkSync('model.safetensors', path.join(folder.path, 'model.safetensors'));
    await expectRefused('model.safetensors', /leads back to itself/);
  });

  const names = [
    '../evil.safetensors',
    '/etc/evil.safetensors',
    'a/b.safetensors',
    'a\\b.safetensors',
    '..',
    'a\0.safetensors',
    '\u001b[31m.safetensors',
  ];
  it.each(names)('refuses an index that names the shard %j', async (shard) => {
    index({ a: shard });
    await expectRefused(indexFile, /not a plain file name/);
  });

  it.each([
    ['broken JSON', '{', /not valid JSON/],
    ['nothing in it', '', /is empty/],
    ['a list', '[]', /no weight_map/],
    ['no weight_map', '{}', /no weight_map/],
    ['a weight_map that is a list', '{"weight_map":[]}', /no weight_map/],
    ['an empty weight_map', '{"weight_map":{}}', /names no tensor/],
    ['a number for a shard', '{"weight_map":{"a":1}}', /"a" to no file name/],
    ['a pickled shard', '{"weight_map":{"a":"pytorch_model-00001.bin"}}', /not a .safetensors file/],
    ['a tensor twice', '{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}', /key "a" twice/],
    ['a thousand levels', `{"weight_map":${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}}`, /nested deeper/],
  ])('refuses an index with %s', async (_, text, reason) => {
    folder.write(indexFile, text);
    await expectRefused(indexFile, reason);
  });

  it('refuses an index that is a folder', async () => {
    mkdirSync(path.join(folder.path, indexFile));
    await expectRefused(indexFile, /is a folder/);
  });

  it('refuses thousands of shards', async () => {
    index(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`t${i}`, `m-${i}.safetensors`])));
    await expectRefused(indexFile, /names 1001 shards/);
  });

  it('refuses an index of 200 MB without reading it', async () => {
    truncateSync(folder.write(indexFile, '{}'), 200_000_000);
    await expectRefused(indexFile, /too large/);
  });

  it('names a missing shard', async () => {
    folder.write('one.safetensors', safetensorsFile(good, data));
    index({ a: 'one.safetensors', b: 'two.safetensors' });
    await expectRefused('two.safetensors', /does not exist/);
  });

  it('names a tensor that its shard lacks', async () => {
    folder.write('one.safetensors', safetensorsFile(good, data));
    index({ a: 'one.safetensors', b: 'one.safetensors' });
    await expectRefused('one.safetensors', /lacks tensor "b"/);
  });

  it('names a tensor that the index lacks', async () => {
    folder.write(
      'one.safetensors',
      safetensorsFile({ ...good, extra: { ...good.a, data_offsets: [16, 32] } }, new Uint8Array(32)),
    );
    index({ a: 'one.safetensors' });
    await expectRefused('one.safetensors', /holds tensor "extra".*does not name/);
  });

  it('names a tensor that lies in two shards', async () => {
    folder.write('one.safetensors', safetensorsFile(good, data));
    folder.write(
      'two.safetensors',
      safetensorsFile({ ...good, b: { ...good.a, data_offsets: [16, 32] } }, new Uint8Array(32)),
    );
    index({ a: 'one.safetensors', b: 'two.safetensors' });
    await expectRefused('two.safetensors', /holds tensor "a", which the index places in "one.safetensors"/);
  });
});
