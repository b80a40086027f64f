import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { inspectInstallation } from '../cuda/install/installation.ts';
import { folderSource, indexSource, type WheelSource } from '../cuda/install/wheel-source.ts';
import { CUDA_WHEELS, NCCL_WHEEL, pipCommand, unpackedBytes, type Wheel } from '../cuda/install/wheels.ts';
import { cudaFolder } from '../cuda/libraries.ts';
import { ConfigError } from '../errors.ts';
import { ONNX_RUNTIME_VERSION, packagedLibraryPath } from '../onnxruntime/library.ts';
import { defaultCacheRoot } from '../packing/cache-root.ts';
import { formatBytes } from './format.ts';
import { installLibraries } from './install-cuda/install.ts';
import { requireCudaPlatform, thisPlatform } from './install-cuda/platform.ts';
import { InstallProgress } from './install-cuda/progress.ts';

const DEFAULT_INDEX = 'https://pypi.org/simple';
const LICENCE =
  "NVIDIA's libraries come under NVIDIA's own licence terms: https://docs.nvidia.com/cuda/eula/ (installing them accepts these)";

export interface InstallCudaFlags {
  /** Simple index; undefined: $PIP_INDEX_URL, else PyPI. */
  readonly indexUrl?: string;
  /** Folder with the wheels, instead of an index. */
  readonly wheels?: string;
  readonly nccl: boolean;
  readonly dryRun?: boolean;
  /** Remove what was installed for other versions. */
  readonly prune?: boolean;
}

/**
 * The command: brings everything that `serve --device cuda` needs but the driver, and says so on stdout.
 * @param cacheDir null: the user's default
 * @throws ConfigError
 */
export async function installCuda(
  flags: InstallCudaFlags,
  cacheDir: string | null,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const cacheRoot = cacheDir === null ? defaultCacheRoot() : path.resolve(cacheDir);
  const source = chooseSource(flags, env);
  const wheels = flags.nccl ? [...CUDA_WHEELS, NCCL_WHEEL] : CUDA_WHEELS;
  const target = cudaFolder(cacheRoot, ONNX_RUNTIME_VERSION);
  if (flags.dryRun) {
    say(await plan(target, wheels, source));
    return;
  }
  requireCudaPlatform(thisPlatform());
  const runtimeLibrary = packagedLibraryPath();
  const began = performance.now();
  say(`ONNX Runtime ${ONNX_RUNTIME_VERSION} for CUDA 13, in ${target}`);
  const progress = new InstallProgress(say, process.stderr.isTTY === true ? process.stderr : null);
  let isNew: boolean;
  const onStart = announceOnce(wheels, source);
  try {
    isNew = await installLibraries({
      target,
      wheels,
      source,
      runtimeLibrary,
      onEvent: (event) => {
        if (event.phase !== 'waiting') onStart();
        progress.report(event);
      },
    });
  } finally {
    progress.stop();
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  say(isNew ? `installed in ${seconds} s` : 'already installed, and complete');
  await showOthers(target, flags.prune === true);
  if (isNew) say('next: "latent-serve doctor --device cuda", then "latent-serve serve --device cuda"');
}

function announceOnce(wheels: readonly Wheel[], source: WheelSource): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    say(`from ${source.name}; ${formatBytes(unpackedBytes(wheels))} on disk once unpacked`);
    say(LICENCE);
  };
}

/** @throws ConfigError when an index and a folder are given */
function chooseSource({ indexUrl, wheels }: InstallCudaFlags, env: NodeJS.ProcessEnv): WheelSource {
  if (wheels !== undefined) {
    if (indexUrl !== undefined) throw new ConfigError('--wheels and --index-url exclude each other');
    return folderSource(path.resolve(wheels));
  }
  return indexSource(indexUrl ?? (env['PIP_INDEX_URL'] || DEFAULT_INDEX));
}

/** What an installation would fetch. */
async function plan(target: string, wheels: readonly Wheel[], source: WheelSource): Promise<string> {
  const runtimeLibrary = process.platform === 'linux' ? packagedLibraryPath() : '';
  const { present } = await inspectInstallation(target, wheels, runtimeLibrary);
  const rows = wheels.map(
    (wheel) =>
      `${present.includes(wheel) ? 'present' : 'fetch  '}  ${formatBytes(wheel.byteLength).padStart(9)}  ${wheel.filename}\n` +
      `                    sha256 ${wheel.sha256}`,
  );
  const missing = wheels.filter((wheel) => !present.includes(wheel));
  const bytes = missing.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return [
    `into ${target}`,
    ...rows,
    `${formatBytes(bytes)} to fetch from ${source.name}, ${formatBytes(unpackedBytes(missing))} on disk once unpacked`,
    LICENCE,
    '',
    'For a machine without network, on one that has it:',
    `  ${pipCommand(wheels)}`,
    'then, with that folder: latent-serve install-cuda --wheels wheels',
  ].join('\n');
}

/** Files of other versions take a gigabyte each. */
async function showOthers(target: string, remove: boolean): Promise<void> {
  const store = path.dirname(target);
  const names = (await readdir(store)).filter(
    (name) => /^onnxruntime-\d/.test(name) && path.join(store, name) !== target,
  );
  for (const name of names.sort()) {
    const folder = path.join(store, name);
    if (remove) await rm(folder, { recursive: true, force: true });
    say(remove ? `removed ${folder}` : `${folder} is of another version: remove it with --prune`);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
