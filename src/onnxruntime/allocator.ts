import type { Pointer } from './api-functions.ts';
import type { Device, MemoryInfo } from './memory-info.ts';
import { NativeHandle } from './native-handle.ts';
import type { SessionHandle } from './session-handle.ts';

/** OrtAllocator of a session's execution provider, for the memory that `memoryInfo` names. */
export class Allocator extends NativeHandle {
  readonly device: Device;

  /** Throws OnnxRuntimeError when the session has no provider with such memory. */
  constructor(session: SessionHandle, memoryInfo: MemoryInfo) {
    const { runtime } = session;
    super(
      runtime,
      runtime.out((out) => runtime.api.CreateAllocator(session.pointer, memoryInfo.pointer, out)),
      [session],
    );
    this.device = memoryInfo.device;
  }

  protected override release(pointer: Pointer): void {
    this.runtime.api.ReleaseAllocator(pointer);
  }
}
