import { ConfigError } from '../errors.ts';

/**
 * How the driver (CUDA error 2), ONNX Runtime's CUDA provider and its arena say that there is no memory left: each puts it
 * into its message alone.
 */
const OUT_OF_MEMORY =
  /CUDA error 2\b|CUDA failure 2\b|cudaErrorMemoryAllocation|CUDA(?: error)?.*out of memory|CUBLAS_STATUS_ALLOC_FAILED|Failed to allocate memory for requested buffer|Available memory of \d+ is smaller than requested bytes/i;

const LOWER_SHARE =
  'Lower --gpu-memory-utilization or --kv-cache-memory-bytes, or stop the other programs that use this GPU.';

/** An exhausted GPU while steps run, or while the pool is allocated, in words; any other error is returned unchanged. */
export function gpuMemoryError(error: unknown, doing: string): unknown {
  if (!isOutOfMemory(error)) return error;
  return new ConfigError(`The GPU ran out of memory ${doing}. ${LOWER_SHARE}`, { cause: error });
}

/**
 * An exhausted GPU while the weights are loaded, in words; any other error is returned unchanged.
 * @param memory before the weights came, in bytes
 */
export function weightMemoryError(
  error: unknown,
  weightBytes: number,
  memory: { readonly free: number; readonly total: number },
): unknown {
  if (!isOutOfMemory(error)) return error;
  return new ConfigError(
    `The GPU ran out of memory while the weights were loaded: they take ${gibibytes(weightBytes)}, and ${gibibytes(memory.free)} of ${gibibytes(memory.total)} were free. ` +
      'Stop the other programs that use this GPU, choose another one with --device cuda:N, keep the experts in 8 bits (--quantization int8), or serve a smaller model.',
    { cause: error },
  );
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && OUT_OF_MEMORY.test(error.message);
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
