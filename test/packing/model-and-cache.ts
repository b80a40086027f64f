import { afterEach, beforeEach } from 'vitest';
import { type TemporaryFolder, temporaryFolder } from '../checkpoint/write-safetensors.ts';

/** Folders for a checkpoint and for packs: empty before each test of the file or block that calls this, and gone after it. */
export interface ModelAndCache {
  readonly model: TemporaryFolder;
  readonly cache: TemporaryFolder;
}

export function modelAndCache(): ModelAndCache {
  const folders = {} as { model: TemporaryFolder; cache: TemporaryFolder };
  beforeEach(() => {
    folders.model = temporaryFolder();
    folders.cache = temporaryFolder();
  });
  afterEach(() => {
    folders.model.remove();
    folders.cache.remove();
  });
  return folders;
}
