import type { Pointer } from './api-functions.ts';
import type { Env } from './env.ts';
import { NativeHandle } from './native-handle.ts';
import type { SessionOptions } from './session-options.ts';
import { readValueInfos, type ValueInfo } from './value-info.ts';

/** OrtSession without the running: what bindings and allocators are made from. */
export class SessionHandle extends NativeHandle {
  /** The model's inputs that have no initialiser, in its order. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];

  /**
   * @param model the bytes of an ONNX ModelProto, which are not needed afterwards, or the path of a file. Initialisers
   *   in external files are resolved beside that file, or for bytes in the folder of the config entry
   *   `session.model_external_initializers_file_folder_path`.
   * @throws OnnxRuntimeError
   */
  constructor(env: Env, model: Uint8Array | string, options: SessionOptions) {
    const { runtime } = env;
    super(runtime, create(env, model, options), [env, ...options.customOpDomains]);
    try {
      this.inputs = readValueInfos(runtime, this.pointer, 'input');
      this.outputs = readValueInfos(runtime, this.pointer, 'output');
    } catch (error) {
      this.dispose();
      throw error;
    }
    this.inputNames = this.inputs.map((info) => info.name);
    this.outputNames = this.outputs.map((info) => info.name);
  }

  protected override release(pointer: Pointer): void {
    this.runtime.api.ReleaseSession(pointer);
  }
}

function create(env: Env, model: Uint8Array | string, options: SessionOptions): Pointer {
  const { runtime } = env;
  return runtime.out((out) =>
    runtime.inFlight(() => {
      if (typeof model === 'string') runtime.api.CreateSession(env.pointer, model, options.pointer, out);
      else runtime.api.CreateSessionFromArray(env.pointer, model, model.byteLength, options.pointer, out);
    }),
  );
}
