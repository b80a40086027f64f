import { cudaFolder, findCudaRuntime } from '../../src/cuda/libraries.ts';
import { ONNX_RUNTIME_VERSION, openOnnxRuntime, packagedLibraryPath } from '../../src/onnxruntime/library.ts';
import type { OnnxRuntime } from '../../src/onnxruntime/runtime.ts';
import { defaultCacheRoot } from '../../src/packing/cache-root.ts';

/** ONNX Runtime with its CUDA provider, from where install-cuda has put it: under $CACHE, or in the usual place. */
export function openCudaRuntime(): OnnxRuntime {
  return openOnnxRuntime(loadCudaLibraries());
}

/** Loads CUDA's libraries from there. @returns the path of ONNX Runtime's */
export function loadCudaLibraries(): string {
  const folder = cudaFolder(process.env['CACHE'] ?? defaultCacheRoot(), ONNX_RUNTIME_VERSION);
  return findCudaRuntime(folder, packagedLibraryPath());
}
