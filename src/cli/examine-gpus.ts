import { inspectGpus } from '../cuda/inspect-gpus.ts';
import { cudaFolder } from '../cuda/libraries.ts';
import { ONNX_RUNTIME_VERSION, packagedLibraryPath } from '../onnxruntime/library.ts';
import { checkCudaFiles, checkGpus, type WantedDevice } from './check-gpu.ts';
import type { ModelMemory } from './check-memory.ts';
import type { Check } from './doctor-report.ts';

export interface GpuExamination {
  readonly checks: readonly Check[];
  /** Of the wanted GPU; null: it is not there, or none is wanted. */
  readonly memory: ModelMemory['size'];
}

/** Driver, cards and CUDA libraries. Without a GPU there is nothing to say of libraries, unless one is wanted. */
export async function examineGpus(wanted: WantedDevice, cacheRoot: string): Promise<GpuExamination> {
  const found = inspectGpus();
  const checks = [checkGpus(found, wanted)];
  if (wanted !== 'cpu' || found.gpus.length > 0) {
    const folder = cudaFolder(cacheRoot, ONNX_RUNTIME_VERSION);
    checks.push(await checkCudaFiles(folder, packagedLibraryPath(), wanted));
  }
  const gpu = wanted === 'cpu' ? undefined : found.gpus[wanted];
  return { checks, memory: gpu === undefined ? null : { total: gpu.totalBytes, available: gpu.freeBytes } };
}
