import { statSync } from 'node:fs';
import path from 'node:path';
import { CheckpointError } from '../errors.ts';
import { packageRoot } from './package-root.ts';

/** Folder of the model that comes with the package. */
export function shippedModelFolder(): string {
  return path.join(packageRoot(), 'models', 'latent-tiny');
}

/**
 * Absolute folder of the model to serve.
 * @param model relative to the working folder; null for the shipped model
 * @throws CheckpointError when there is no such folder
 */
export function resolveModelFolder(model: string | null): string {
  const folder = model === null ? shippedModelFolder() : path.resolve(model);
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return folder;
  if (stats !== undefined) throw new CheckpointError(folder, 'is a file; a checkpoint is a folder with config.json');
  throw new CheckpointError(folder, `no such folder${hintFor(model)}`);
}

function hintFor(model: string | null): string {
  if (model === null)
    return '; the shipped model is missing from this installation, name a checkpoint: latent-serve serve FOLDER';
  if (!/^[\w.-]+\/[\w.-]+$/.test(model)) return '';
  return `; to serve it from the Hugging Face Hub, fetch it first: hf download ${model} --local-dir ${model}`;
}
