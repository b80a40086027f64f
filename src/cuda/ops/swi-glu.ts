import type { Pointer } from '../driver.ts';
import { launchFused, rowAccess } from './fused-kernels.ts';
import type { GpuKernels } from './gpu-kernels.ts';

/** Small, so that one token is spread over several multiprocessors. */
const THREADS = 128;

/**
 * silu(gate) * up, computed in float32 and rounded once (kernels/portable/swiglu.cuh).
 * @param gateUp [numTokens, 2 * width], all of gate first
 * @param h [numTokens, width], written
 */
export function launchSwiGlu(
  kernels: GpuKernels,
  { gateUp, h, numTokens, width }: { gateUp: Pointer; h: Pointer; numTokens: number; width: number },
  stream: Pointer,
): void {
  const { suffix, elements } = rowAccess(kernels.type, width);
  const grid = [Math.ceil((numTokens * width) / elements / THREADS)] as const;
  launchFused(kernels, `swiGlu_${kernels.type}_${suffix}`, { grid, block: THREADS, stream }, (into) =>
    into.pointers(gateUp, h).ints(numTokens, width),
  );
}
