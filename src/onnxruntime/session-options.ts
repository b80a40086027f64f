import { invariant } from '../errors.ts';
import type { Pointer } from './api-functions.ts';
import type { CustomOpDomain } from './custom-op-domain.ts';
import { type LogSeverity, logSeverities } from './env.ts';
import { NativeHandle } from './native-handle.ts';
import type { OnnxRuntime } from './runtime.ts';

const optimizationLevels = { disabled: 0, basic: 1, extended: 2, all: 99 } as const;
const executionModes = { sequential: 0, parallel: 1 } as const;

export interface SessionOptionsInit {
  /** Threads inside an operator, the calling thread included; 0 lets ONNX Runtime take one per core. Defaults to 0. */
  readonly intraOpNumThreads?: number;
  /** Threads that run operators side by side (execution mode parallel only); 0 lets ONNX Runtime choose. Defaults to 0. */
  readonly interOpNumThreads?: number;
  /** Defaults to all. */
  readonly graphOptimizationLevel?: keyof typeof optimizationLevels;
  /** Defaults to sequential; parallel excludes custom ops. */
  readonly executionMode?: keyof typeof executionModes;
  /** Plan a run's memory once per set of input shapes and keep the plan. Defaults to true; false where shapes vary without end. */
  readonly memoryPattern?: boolean;
  /** Defaults to that of the Env. */
  readonly logSeverity?: LogSeverity;
  /** Keys of onnxruntime_session_options_config_keys.h. */
  readonly configEntries?: Readonly<Record<string, string>>;
}

export interface CudaProviderOptions {
  readonly deviceId: number;
  /** Replays captured CUDA graphs, one per `gpu_graph_id` of the run options. Defaults to false. */
  readonly enableCudaGraph?: boolean;
  /** The CUstream to compute on; the provider makes one of its own when absent. */
  readonly computeStream?: Pointer;
  /** Further keys of OrtCUDAProviderOptionsV2: gpu_mem_limit, arena_extend_strategy, ... */
  readonly entries?: Readonly<Record<string, string>>;
}

/** OrtSessionOptions. ONNX Runtime copies them into a session, so they may be disposed of once it exists. */
export class SessionOptions extends NativeHandle {
  readonly executionMode: keyof typeof executionModes;
  readonly #domains: CustomOpDomain[] = [];

  constructor(runtime: OnnxRuntime, init: SessionOptionsInit = {}) {
    const { api } = runtime;
    super(
      runtime,
      runtime.out((out) => api.CreateSessionOptions(out)),
    );
    this.executionMode = init.executionMode ?? 'sequential';
    api.SetSessionExecutionMode(this.pointer, executionModes[this.executionMode]);
    api.SetIntraOpNumThreads(this.pointer, init.intraOpNumThreads ?? 0);
    api.SetInterOpNumThreads(this.pointer, init.interOpNumThreads ?? 0);
    api.SetSessionGraphOptimizationLevel(this.pointer, optimizationLevels[init.graphOptimizationLevel ?? 'all']);
    if (init.memoryPattern === false) api.DisableMemPattern(this.pointer);
    if (init.logSeverity) api.SetSessionLogSeverityLevel(this.pointer, logSeverities[init.logSeverity]);
    for (const [key, value] of Object.entries(init.configEntries ?? {})) this.addConfigEntry(key, value);
  }

  /** Domains whose native structs a session made from these options keeps using. */
  get customOpDomains(): readonly CustomOpDomain[] {
    return this.#domains;
  }

  addConfigEntry(key: string, value: string): void {
    this.runtime.api.AddSessionConfigEntry(this.pointer, key, value);
  }

  /** Makes CUDA the preferred provider. Throws OnnxRuntimeError when the CUDA provider library cannot be loaded. */
  appendCuda(options: CudaProviderOptions): void {
    const { api } = this.runtime;
    const entries: Record<string, string> = { device_id: String(options.deviceId), ...options.entries };
    if (options.enableCudaGraph) entries['enable_cuda_graph'] = '1';
    const cudaOptions = this.runtime.out((out) => api.CreateCUDAProviderOptions(out));
    try {
      const keys = Object.keys(entries);
      api.UpdateCUDAProviderOptions(cudaOptions, keys, Object.values(entries), keys.length);
      // As one of the entries above it would be taken for given but left NULL: the legacy stream, which cannot be captured.
      if (options.computeStream !== undefined) {
        api.UpdateCUDAProviderOptionsWithValue(cudaOptions, 'user_compute_stream', options.computeStream);
      }
      api.SessionOptionsAppendExecutionProvider_CUDA_V2(this.pointer, cudaOptions);
    } finally {
      api.ReleaseCUDAProviderOptions(cudaOptions);
    }
  }

  /** Sessions made from these options resolve the domain's operators; they keep its native part alive. */
  addCustomOpDomain(domain: CustomOpDomain): void {
    // A callback from a thread that is not this one would be queued for this one, which is blocked in the run.
    invariant(this.executionMode === 'sequential', 'custom ops need the sequential execution mode');
    this.runtime.api.AddCustomOpDomain(this.pointer, domain.pointer);
    this.#domains.push(domain);
  }

  protected override release(pointer: Pointer): void {
    this.runtime.api.ReleaseSessionOptions(pointer);
  }
}
