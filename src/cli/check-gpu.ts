import { existsSync } from 'node:fs';
import path from 'node:path';
import { isSupported, LOWEST_COMPUTE_CAPABILITY } from '../cuda/compute-capability.ts';
import type { GpuFacts, GpuInspection } from '../cuda/inspect-gpus.ts';
import { inspectInstallation } from '../cuda/install/installation.ts';
import { CUDA_WHEELS, NCCL_WHEEL } from '../cuda/install/wheels.ts';
import { PROVIDER_LIBRARIES, RUNTIME_LIBRARY } from '../cuda/libraries.ts';
import type { Check, CheckStatus } from './doctor-report.ts';
import { formatBytes, oneLine } from './format.ts';

/** --device: the CPU, or the number of a GPU. */
export type WantedDevice = 'cpu' | number;

/** Driver and cards. Without --device cuda nothing about them is worse than a note. */
export function checkGpus(found: GpuInspection, wanted: WantedDevice): Check {
  const base = { id: 'gpu', title: 'NVIDIA GPU', details: { ...found } } as const;
  const { driverVersion, cudaVersion, problem, gpus } = found;
  if (problem !== null) {
    if (wanted !== 'cpu') return { ...base, status: 'failure', message: oneLine(problem) };
    const message = driverVersion === null ? 'none found: the model runs on the CPU' : oneLine(problem);
    return { ...base, status: 'note', message };
  }
  const driver = `driver ${driverVersion ?? 'of unknown version'} (CUDA ${cudaVersion})`;
  if (wanted === 'cpu') {
    const use = gpus.some(({ computeCapability }) => isSupported(computeCapability))
      ? '; not used without --device cuda'
      : '';
    return { ...base, status: 'note', message: `${driver}; ${describeAll(gpus)}${use}` };
  }
  const gpu = gpus[wanted];
  if (gpu === undefined) {
    return { ...base, status: 'failure', message: `${driver}; there is no GPU ${wanted}: ${describeAll(gpus)}` };
  }
  if (!isSupported(gpu.computeCapability)) {
    const needed = `${LOWEST_COMPUTE_CAPABILITY.join('.')} or newer is needed (Ampere)`;
    return { ...base, status: 'failure', message: `${driver}; ${describe(gpu)}: ${needed}` };
  }
  return { ...base, status: 'ok', message: `${driver}; ${describe(gpu)}` };
}

function describeAll(gpus: readonly GpuFacts[]): string {
  return gpus.length === 0 ? 'it sees no GPU' : gpus.map(describe).join('; ');
}

function describe({ index, name, computeCapability, freeBytes, totalBytes }: GpuFacts): string {
  const memory = `${formatBytes(freeBytes)} free of ${formatBytes(totalBytes)}`;
  return `GPU ${index}: ${oneLine(name)}, compute capability ${computeCapability.join('.')}, ${memory}`;
}

/**
 * Whether the files of install-cuda are there.
 * @param folder of install-cuda
 * @param packagedLibrary path of the npm package's library
 */
export async function checkCudaFiles(folder: string, packagedLibrary: string, wanted: WantedDevice): Promise<Check> {
  const base = { id: 'cuda-files', title: 'CUDA libraries' } as const;
  const { present, missing } = await inspectInstallation(folder, [...CUDA_WHEELS, NCCL_WHEEL], packagedLibrary);
  const isComplete = CUDA_WHEELS.every((wheel) => present.includes(wheel)) && !missing.includes(RUNTIME_LIBRARY);
  const hasNccl = present.includes(NCCL_WHEEL);
  const details = { folder, missing, hasNccl };
  if (isComplete) {
    const nccl = hasNccl ? 'with NCCL' : 'without NCCL, which only several GPUs need';
    return { ...base, status: wanted === 'cpu' ? 'note' : 'ok', message: `${folder}, complete, ${nccl}`, details };
  }
  const status: CheckStatus = wanted === 'cpu' ? 'note' : 'failure';
  if (existsSync(path.join(folder, RUNTIME_LIBRARY))) {
    const message = `${folder} lacks ${missing.join(', ')}: run "latent-serve install-cuda" again`;
    return { ...base, status, message, details };
  }
  const isBeside = PROVIDER_LIBRARIES.every((name) => existsSync(path.join(path.dirname(packagedLibrary), name)));
  if (isBeside) {
    const message = `ONNX Runtime's CUDA provider is beside ${packagedLibrary}; the CUDA libraries must be the system's`;
    return { ...base, status: wanted === 'cpu' ? 'note' : 'warning', message, details };
  }
  return { ...base, status, message: 'not installed: run "latent-serve install-cuda"', details };
}
