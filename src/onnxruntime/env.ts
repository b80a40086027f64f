import type { Pointer } from './api-functions.ts';
import { NativeHandle } from './native-handle.ts';
import type { OnnxRuntime } from './runtime.ts';

/** OrtLoggingLevel; ONNX Runtime writes its log to stderr. */
export const logSeverities = { verbose: 0, info: 1, warning: 2, error: 3, fatal: 4 } as const;
export type LogSeverity = keyof typeof logSeverities;

/**
 * OrtEnv. ONNX Runtime keeps one per process and counts its users, so that every thread may make its own; the log
 * severity of the first one alive holds for all. Usage reports to Microsoft (Windows builds) are switched off.
 */
export class Env extends NativeHandle {
  constructor(runtime: OnnxRuntime, logSeverity: LogSeverity = 'error') {
    super(
      runtime,
      runtime.out((out) => runtime.api.CreateEnv(logSeverities[logSeverity], 'latent-serve', out)),
    );
    runtime.api.DisableTelemetryEvents(this.pointer);
  }

  protected override release(pointer: Pointer): void {
    this.runtime.api.ReleaseEnv(pointer);
  }
}
