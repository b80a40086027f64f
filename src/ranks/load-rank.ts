import { requireSupported } from '../cuda/compute-capability.ts';
import { CudaDevice } from '../cuda/device.ts';
import { cudaFolder, findCudaRuntime } from '../cuda/libraries.ts';
import type { DeepseekV2Config } from '../deepseek-v2/config.ts';
import { invariant } from '../errors.ts';
import { ONNX_RUNTIME_VERSION, openOnnxRuntime, packagedLibraryPath } from '../onnxruntime/library.ts';
import type { PackedModel } from '../packing/packed-model.ts';
import { CpuRank } from './cpu-rank.ts';
import { CudaRank } from './cuda-rank.ts';
import type { DeviceSpec } from './device-spec.ts';
import { gpuMemoryError, weightMemoryError } from './gpu-memory.ts';
import { PagedStepBuffers, type PagedStepMemory } from './paged-step-buffers.ts';
import type { Rank } from './rank.ts';
import { StepBuffers, type StepMemory } from './step-buffers.ts';

/** Bytes of a device's own memory. */
export interface DeviceMemory {
  readonly free: number;
  readonly total: number;
}

/** A model on its device, before steps can come. */
export interface LoadedRank extends Disposable {
  /** What is left beside the weights; null: the device uses the host's memory. */
  readonly memory: DeviceMemory | null;
  /** Allocates the pool and takes the memory that steps come in. Once. @throws ConfigError when it does not fit */
  attach(numBlocks: number, memory: StepMemory | PagedStepMemory): Rank;
}

export interface RankModel {
  readonly config: DeepseekV2Config;
  readonly packed: PackedModel;
  /** Slots of a cache block. */
  readonly blockSize: number;
  /** Holds what install-cuda brought. */
  readonly cacheRoot: string;
}

/** Whether the device and its software are there, before anything is prepared for it. @throws ConfigError */
export function probeDevice(device: DeviceSpec, cacheRoot: string): void {
  if (device.type === 'cpu') return;
  using gpu = new CudaDevice(device.index);
  requireSupported(gpu);
  cudaRuntime(cacheRoot);
}

function cudaRuntime(cacheRoot: string): string {
  return findCudaRuntime(cudaFolder(cacheRoot, ONNX_RUNTIME_VERSION), packagedLibraryPath());
}

/**
 * Builds the model's graph and loads its weights on the calling thread, which the rank then belongs to.
 * @throws ConfigError when there is no such device or its memory is too small; OnnxRuntimeError, CudaError
 */
export function loadRank(device: DeviceSpec, { config, packed, blockSize, cacheRoot }: RankModel): LoadedRank {
  const { folder, weightsFile, tensors: weights } = packed;
  if (device.type === 'cpu') {
    const runtime = openOnnxRuntime();
    const { numThreads, numGroups } = device;
    const rank = new CpuRank(runtime, { config, folder, weightsFile, weights, blockSize, numGroups, numThreads });
    return {
      memory: null,
      attach(numBlocks, memory) {
        invariant(memory.kind === 'grouped', 'a CPU rank takes steps in groups');
        rank.attach(numBlocks, new StepBuffers(memory));
        return rank;
      },
      [Symbol.dispose]: () => rank[Symbol.dispose](),
    };
  }
  const runtime = openOnnxRuntime(cudaRuntime(cacheRoot));
  const gpu = new CudaDevice(device.index);
  const { precision, kvCacheDtype, kernels } = device;
  const rank = loadOnGpu(gpu, weights, () => {
    const choice = { precision, kvCacheDtype, kernels };
    return new CudaRank(runtime, gpu, { config, ...choice, folder, weightsFile, weights, blockSize });
  });
  return {
    memory: gpu.memory(),
    attach(numBlocks, memory) {
      invariant(memory.kind === 'paged', 'a CUDA rank takes paged steps');
      try {
        rank.attach(
          numBlocks,
          memory.slots.map((slot) => new PagedStepBuffers(slot)),
        );
      } catch (error) {
        throw gpuMemoryError(error, 'while the latent cache was allocated');
      }
      return rank;
    },
    [Symbol.dispose]() {
      rank[Symbol.dispose]();
      gpu[Symbol.dispose]();
    },
  };
}

function loadOnGpu(gpu: CudaDevice, weights: PackedModel['tensors'], load: () => CudaRank): CudaRank {
  const before = gpu.memory();
  try {
    return load();
  } catch (error) {
    const weightBytes = [...weights.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    throw weightMemoryError(error, weightBytes, before);
  }
}
