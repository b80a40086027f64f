import { open, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { PackLayout } from './layout.ts';
import type { PackedModel, PackedTensor } from './packed-model.ts';
import { FORMAT_VERSION } from './source-identity.ts';

export const WEIGHTS_FILE = 'weights.bin';
const MANIFEST_FILE = 'manifest.json';

const schema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  digest: z.string(),
  weightsFile: z.literal(WEIGHTS_FILE),
  byteLength: z.int().min(0),
  tensors: z.record(
    z.string(),
    z.object({
      dtype: z.enum(['f32', 'f16', 'bf16', 'u8']),
      shape: z.array(z.int().min(0)),
      offset: z.int().min(0),
      byteLength: z.int().min(0),
    }),
  ),
});

/** Writes the manifest of a pack and forces it to the disk. `source` is the checkpoint's folder, for people who clean up. */
export async function writeManifest(folder: string, digest: string, layout: PackLayout, source: string): Promise<void> {
  const manifest = {
    formatVersion: FORMAT_VERSION,
    digest,
    source,
    weightsFile: WEIGHTS_FILE,
    byteLength: layout.byteLength,
    tensors: Object.fromEntries(layout.tensors),
  };
  const handle = await open(path.join(folder, MANIFEST_FILE), 'wx');
  try {
    await handle.writeFile(JSON.stringify(manifest, null, 1));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * The pack in `folder`, or null when there is none or it is damaged: its manifest must be readable and agree with what
 * would be written, and weights.bin must have its size. Contents are not read: a pack gets its name only after all of
 * it is on the disk.
 */
export async function readPackedModel(folder: string, digest: string, layout: PackLayout): Promise<PackedModel | null> {
  const manifest = await readManifest(folder);
  if (manifest === null || manifest.digest !== digest || manifest.byteLength !== layout.byteLength) return null;
  const tensors = new Map(Object.entries(manifest.tensors));
  if (tensors.size !== layout.tensors.size) return null;
  for (const [name, expected] of layout.tensors) {
    const tensor = tensors.get(name);
    if (tensor === undefined || !isSame(tensor, expected)) return null;
  }
  try {
    const weights = await stat(path.join(folder, WEIGHTS_FILE));
    if (!weights.isFile() || weights.size !== layout.byteLength) return null;
    return { folder: await realpath(folder), weightsFile: WEIGHTS_FILE, tensors: layout.tensors };
  } catch {
    return null;
  }
}

function isSame(a: PackedTensor, b: PackedTensor): boolean {
  const { dtype, shape, offset, byteLength } = a;
  const sameShape = shape.length === b.shape.length && shape.every((size, i) => size === b.shape[i]);
  return sameShape && dtype === b.dtype && offset === b.offset && byteLength === b.byteLength;
}

async function readManifest(folder: string): Promise<z.infer<typeof schema> | null> {
  try {
    return schema.parse(JSON.parse(await readFile(path.join(folder, MANIFEST_FILE), 'utf8')));
  } catch {
    return null;
  }
}
