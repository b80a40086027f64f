import type { Pointer } from './api-functions.ts';
import { NativeHandle } from './native-handle.ts';
import type { OnnxRuntime } from './runtime.ts';

/** Where memory lies: host memory, or the memory of the CUDA device with index `id`. */
export interface Device {
  readonly type: 'cpu' | 'cuda';
  readonly id: number;
}

export const CPU_DEVICE: Device = { type: 'cpu', id: 0 };

/** OrtAllocatorType: OrtDeviceAllocator; that of the CPU provider is an arena. */
const allocatorType = { cpu: 1, cuda: 0 } as const;
const allocatorName = { cpu: 'Cpu', cuda: 'Cuda' } as const;
const MEMORY_TYPE_DEFAULT = 0;

/** OrtMemoryInfo: names a kind of memory to allocators and bindings. */
export class MemoryInfo extends NativeHandle {
  readonly device: Device;

  constructor(runtime: OnnxRuntime, device: Device) {
    const { type, id } = device;
    super(
      runtime,
      runtime.out((out) =>
        runtime.api.CreateMemoryInfo(allocatorName[type], allocatorType[type], id, MEMORY_TYPE_DEFAULT, out),
      ),
    );
    this.device = device;
  }

  protected override release(pointer: Pointer): void {
    this.runtime.api.ReleaseMemoryInfo(pointer);
  }
}
