import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { CheckpointError } from '../errors.ts';
import { fileError } from './file-error.ts';
import { quoted } from './quoted.ts';
import { requireFolder } from './regular-file.ts';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** Which of the two layouts a checkpoint folder has; a single file wins, as in transformers. */
export type WeightFiles = { readonly kind: 'single' | 'index'; readonly name: string };

/**
 * Looks for a checkpoint's weights.
 * @throws CheckpointError saying what is there instead
 */
export async function findWeightFiles(folder: string): Promise<WeightFiles> {
  await requireFolder(folder);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw fileError(folder, error);
  }
  if (names.includes(SINGLE)) return { kind: 'single', name: SINGLE };
  if (names.includes(INDEX)) return { kind: 'index', name: INDEX };
  throw new CheckpointError(folder, whyNotServed(names.sort()));
}

function whyNotServed(names: readonly string[]): string {
  const wanted = `${SINGLE} or ${INDEX}`;
  const shard = names.find((name) => name.endsWith('.safetensors'));
  if (shard !== undefined) return `holds ${quoted(shard)}, but neither ${wanted.replace(' or ', ' nor ')}`;
  const pickle = names.find((name) => /\.(bin|pt|pth|ckpt|pkl)(\.index\.json)?$/.test(name));
  if (pickle !== undefined) {
    return `holds its weights as Python pickle (${quoted(pickle)}), which can run code when it is read; only safetensors are served: convert them, or get the safetensors version`;
  }
  const gguf = names.find((name) => name.endsWith('.gguf'));
  if (gguf !== undefined) return `holds a GGUF file (${quoted(gguf)}); only safetensors are served (${wanted})`;
  return `holds no weights: there is no ${wanted}`;
}

/**
 * The real path of a file of the checkpoint. Links may stay inside the folder or lead from snapshots/ to blobs/, as in
 * Hugging Face's cache; any other link could make a downloaded checkpoint read files that are not part of it.
 * @throws CheckpointError
 */
export async function resolveWeightFile(folder: string, name: string): Promise<string> {
  const file = path.join(folder, name);
  try {
    const root = await realpath(folder);
    const target = await realpath(file);
    if (isInside(root, target) || (await isBlobOfSnapshot(root, target))) return target;
  } catch (error) {
    throw fileError(file, error);
  }
  throw new CheckpointError(file, 'is a link that leads out of the model folder');
}

function isInside(root: string, target: string): boolean {
  const relative = path.relative(root, target);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}

/** models--org--name/snapshots/<revision>/file -> models--org--name/blobs/<hash> */
async function isBlobOfSnapshot(root: string, target: string): Promise<boolean> {
  const parts = root.split(path.sep);
  const snapshots = parts.lastIndexOf('snapshots');
  if (snapshots < 1) return false;
  const blobs = [...parts.slice(0, snapshots), 'blobs'].join(path.sep);
  try {
    return isInside(await realpath(blobs), target);
  } catch {
    return false;
  }
}
