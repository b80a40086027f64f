import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../../errors.ts';
import { downloadWheel } from './download.ts';
import { SimpleIndex } from './simple-index.ts';
import { checkWheelFile } from './wheel-hash.ts';
import type { Wheel } from './wheels.ts';

/** Where wheels come from. */
export interface WheelSource {
  readonly name: string;
  /** Whether wheels need room on the disk before they are unpacked. */
  readonly isRemote: boolean;
  /** What cannot be obtained is found out before anything is. @throws ConfigError */
  prepare(wheels: readonly Wheel[]): void;
  /**
   * @param folder for what is downloaded; a download that was interrupted there is continued
   * @param onBytes called often, with the bytes of this wheel that are there and hashed
   * @returns path of a file with the wheel's hash; one in `folder` may be removed after use
   * @throws ConfigError
   */
  obtain(wheel: Wheel, folder: string, onBytes: (bytes: number) => void): Promise<string>;
}

const RETRY_DELAY_MS = 1000;

/** Wheels of a package index. @param url without or with a password @throws ConfigError */
export function indexSource(url: string, retryDelayMs: number = RETRY_DELAY_MS): WheelSource {
  const index = new SimpleIndex(url);
  return {
    name: index.name,
    isRemote: true,
    prepare() {},
    async obtain(wheel, folder, onBytes) {
      const file = path.join(folder, `${wheel.filename}.part`);
      await downloadWheel(await index.locate(wheel), wheel, file, { onBytes, retryDelayMs });
      return file;
    },
  };
}

/** Wheels that somebody has put into `folder`; the network is not used. */
export function folderSource(folder: string): WheelSource {
  return {
    name: folder,
    isRemote: false,
    prepare(wheels) {
      if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
        throw new ConfigError(`--wheels ${folder} is not a folder`);
      }
      const missing = wheels.filter(({ filename }) => !existsSync(path.join(folder, filename)));
      if (missing.length === 0) return;
      throw new ConfigError(
        `--wheels ${folder} lacks ${missing.map(({ filename }) => filename).join(', ')}: "latent-serve install-cuda --dry-run" says where they come from`,
      );
    },
    async obtain(wheel, _folder, onBytes) {
      const file = path.join(folder, wheel.filename);
      await checkWheelFile(file, wheel, onBytes);
      return file;
    },
  };
}
