import type { StreamType } from '../element-types.ts';
import type { KernelArguments } from '../kernel-arguments.ts';
import type { Launch } from '../launch-configuration.ts';
import type { GpuKernels } from './gpu-kernels.ts';

/** Elements of 16 bytes. */
const WIDE = { f32: 4, f16: 8, bf16: 8 } as const;

/** How the kernels of kernels/portable/fused.cu take rows. */
export interface RowAccess {
  /** Of the kernel's name: wide rows are whole accesses of 16 bytes. */
  readonly suffix: 'wide' | 'any';
  /** Elements that a thread takes at a time. */
  readonly elements: number;
}

export function rowAccess(type: StreamType, width: number): RowAccess {
  const elements = WIDE[type];
  return width % elements === 0 ? { suffix: 'wide', elements } : { suffix: 'any', elements: 1 };
}

/** Launches a kernel of kernels/portable/fused.cu; on Hopper as machine code that may start before its predecessor has ended. */
export function launchFused(
  { modules, isHopper }: GpuKernels,
  name: string,
  launch: Launch,
  fill: (into: KernelArguments) => unknown,
): void {
  const module = modules.get(isHopper ? 'hopper-fused.cubin' : 'portable-fused.ptx');
  module.launch(name, { ...launch, overlapsPrevious: isHopper }, fill);
}
