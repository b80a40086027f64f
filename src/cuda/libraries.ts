import { existsSync } from 'node:fs';
import path from 'node:path';
import koffi, { type LibraryHandle } from 'koffi';
import { ConfigError } from '../errors.ts';

/** ONNX Runtime's library; its CUDA provider must lie beside it. */
export const RUNTIME_LIBRARY = 'libonnxruntime.so.1';
export const PROVIDER_LIBRARIES = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const;
/**
 * What the CUDA provider is linked against, each after what it needs itself. Loaded by absolute path and for the whole
 * process, they satisfy the provider's references by name, so that nobody has to set LD_LIBRARY_PATH.
 */
export const CUDA_LIBRARIES = ['libcudart.so.13', 'libcublasLt.so.13', 'libcublas.so.13', 'libcurand.so.10'] as const;

// koffi unloads a library whose handle has been collected.
const loaded: LibraryHandle[] = [];

/** Where `install-cuda` puts its files. @param version of ONNX Runtime */
export function cudaFolder(cacheRoot: string, version: string): string {
  return path.join(cacheRoot, 'cuda', `onnxruntime-${version}`);
}

/**
 * Finds ONNX Runtime with its CUDA provider: the files of `install-cuda`, whose CUDA libraries are loaded right away, or
 * the packaged library if somebody has put the provider beside it, with the CUDA libraries of the system.
 *
 * @param folder of install-cuda
 * @param packagedLibrary path of the npm package's library
 * @returns the path to open ONNX Runtime from
 * @throws ConfigError saying what is missing and how to get it
 */
export function findCudaRuntime(folder: string, packagedLibrary: string): string {
  if (existsSync(path.join(folder, RUNTIME_LIBRARY))) {
    const missing = [...PROVIDER_LIBRARIES, ...CUDA_LIBRARIES].filter((name) => !existsSync(path.join(folder, name)));
    if (missing.length > 0) {
      throw new ConfigError(`${folder} lacks ${missing.join(', ')}: run "latent-serve install-cuda" again`);
    }
    for (const name of CUDA_LIBRARIES) loaded.push(loadLibrary(path.join(folder, name)));
    return path.join(folder, RUNTIME_LIBRARY);
  }
  const beside = PROVIDER_LIBRARIES.every((name) => existsSync(path.join(path.dirname(packagedLibrary), name)));
  if (beside) return packagedLibrary;
  throw new ConfigError(
    '--device cuda needs ONNX Runtime\'s CUDA provider, which is not installed: run "latent-serve install-cuda"',
  );
}

function loadLibrary(file: string): LibraryHandle {
  try {
    return koffi.load(file, { global: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${file} cannot be loaded: ${reason}`, { cause });
  }
}
