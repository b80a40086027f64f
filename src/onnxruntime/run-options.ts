import type { Pointer } from './api-functions.ts';
import { type LogSeverity, logSeverities } from './env.ts';
import { NativeHandle } from './native-handle.ts';
import type { OnnxRuntime } from './runtime.ts';

export interface RunOptionsInit {
  /** Keys of onnxruntime_run_options_config_keys.h, and `gpu_graph_id` of the CUDA provider. */
  readonly configEntries?: Readonly<Record<string, string>>;
  /** Defaults to that of the session. */
  readonly logSeverity?: LogSeverity;
}

/** OrtRunOptions. */
export class RunOptions extends NativeHandle {
  constructor(runtime: OnnxRuntime, init: RunOptionsInit = {}) {
    super(
      runtime,
      runtime.out((out) => runtime.api.CreateRunOptions(out)),
    );
    if (init.logSeverity) {
      runtime.api.RunOptionsSetRunLogSeverityLevel(this.pointer, logSeverities[init.logSeverity]);
    }
    for (const [key, value] of Object.entries(init.configEntries ?? {})) this.addConfigEntry(key, value);
  }

  addConfigEntry(key: string, value: string): void {
    this.runtime.api.AddRunConfigEntry(this.pointer, key, value);
  }

  /** Every run with these options fails at its next operator, until {@link unsetTerminate}. */
  setTerminate(): void {
    terminateRuns(this.runtime, this.pointer);
  }

  unsetTerminate(): void {
    this.runtime.api.RunOptionsUnsetTerminate(this.pointer);
  }

  protected override release(pointer: Pointer): void {
    this.runtime.api.ReleaseRunOptions(pointer);
  }
}

/**
 * {@link RunOptions.setTerminate} from another thread, the only way to stop a run from outside, since its own thread is
 * blocked in it. `runOptionsPointer` is the `pointer` of run options that the caller knows to be alive.
 */
export function terminateRuns(runtime: OnnxRuntime, runOptionsPointer: Pointer): void {
  runtime.api.RunOptionsSetTerminate(runOptionsPointer);
}
