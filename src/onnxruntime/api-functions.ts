/** A native address; 0n and null are NULL. */
export type Pointer = bigint;

/** Memory of JavaScript that a C function reads from or writes to during the call. */
export type NativeBuffer = ArrayBufferView | null;

/**
 * The functions of `struct OrtApi` that are used, under their C names. Those that return an OrtStatus in C return
 * nothing here and throw OnnxRuntimeError. Out parameters are one-element typed arrays.
 */
export interface OrtApi {
  CreateStatus(code: number, message: string): Pointer;

  CreateEnv(severity: number, logId: string, out: NativeBuffer): void;
  DisableTelemetryEvents(env: Pointer): void;
  ReleaseEnv(env: Pointer): void;

  CreateSessionOptions(out: NativeBuffer): void;
  SetSessionExecutionMode(options: Pointer, mode: number): void;
  DisableMemPattern(options: Pointer): void;
  SetSessionLogSeverityLevel(options: Pointer, severity: number): void;
  SetSessionGraphOptimizationLevel(options: Pointer, level: number): void;
  SetIntraOpNumThreads(options: Pointer, threads: number): void;
  SetInterOpNumThreads(options: Pointer, threads: number): void;
  AddSessionConfigEntry(options: Pointer, key: string, value: string): void;
  AddCustomOpDomain(options: Pointer, domain: Pointer): void;
  CreateCUDAProviderOptions(out: NativeBuffer): void;
  UpdateCUDAProviderOptions(
    cudaOptions: Pointer,
    keys: readonly string[],
    values: readonly string[],
    count: number,
  ): void;
  UpdateCUDAProviderOptionsWithValue(cudaOptions: Pointer, key: string, value: Pointer): void;
  SessionOptionsAppendExecutionProvider_CUDA_V2(options: Pointer, cudaOptions: Pointer): void;
  ReleaseCUDAProviderOptions(cudaOptions: Pointer): void;
  ReleaseSessionOptions(options: Pointer): void;

  CreateSession(env: Pointer, path: string, options: Pointer, out: NativeBuffer): void;
  CreateSessionFromArray(env: Pointer, model: NativeBuffer, bytes: number, options: Pointer, out: NativeBuffer): void;
  SessionGetInputCount(session: Pointer, out: NativeBuffer): void;
  SessionGetOutputCount(session: Pointer, out: NativeBuffer): void;
  SessionGetInputTypeInfo(session: Pointer, index: number, out: NativeBuffer): void;
  SessionGetOutputTypeInfo(session: Pointer, index: number, out: NativeBuffer): void;
  SessionGetInputName(session: Pointer, index: number, allocator: Pointer, out: NativeBuffer): void;
  SessionGetOutputName(session: Pointer, index: number, allocator: Pointer, out: NativeBuffer): void;
  ReleaseSession(session: Pointer): void;

  CastTypeInfoToTensorInfo(typeInfo: Pointer, out: NativeBuffer): void;
  GetTensorElementType(tensorInfo: Pointer, out: NativeBuffer): void;
  GetDimensionsCount(tensorInfo: Pointer, out: NativeBuffer): void;
  GetDimensions(tensorInfo: Pointer, dims: NativeBuffer, count: number): void;
  GetSymbolicDimensions(tensorInfo: Pointer, names: NativeBuffer, count: number): void;
  ReleaseTypeInfo(typeInfo: Pointer): void;

  CreateMemoryInfo(name: string, allocatorType: number, id: number, memoryType: number, out: NativeBuffer): void;
  ReleaseMemoryInfo(memoryInfo: Pointer): void;
  CreateAllocator(session: Pointer, memoryInfo: Pointer, out: NativeBuffer): void;
  GetAllocatorWithDefaultOptions(out: NativeBuffer): void;
  AllocatorFree(allocator: Pointer, memory: Pointer): void;
  ReleaseAllocator(allocator: Pointer): void;

  CreateTensorAsOrtValue(
    allocator: Pointer,
    shape: NativeBuffer,
    rank: number,
    elementType: number,
    out: NativeBuffer,
  ): void;
  CreateTensorWithDataAsOrtValue(
    memoryInfo: Pointer,
    data: NativeBuffer | Pointer,
    bytes: number,
    shape: NativeBuffer,
    rank: number,
    elementType: number,
    out: NativeBuffer,
  ): void;
  GetTensorMutableData(value: Pointer, out: NativeBuffer): void;
  GetTensorElementTypeAndShapeDataReference(
    value: Pointer,
    elementType: NativeBuffer,
    dims: NativeBuffer,
    rank: NativeBuffer,
  ): void;
  ReleaseValue(value: Pointer): void;

  CreateRunOptions(out: NativeBuffer): void;
  RunOptionsSetRunLogSeverityLevel(options: Pointer, severity: number): void;
  RunOptionsSetTerminate(options: Pointer): void;
  RunOptionsUnsetTerminate(options: Pointer): void;
  AddRunConfigEntry(options: Pointer, key: string, value: string): void;
  ReleaseRunOptions(options: Pointer): void;

  CreateIoBinding(session: Pointer, out: NativeBuffer): void;
  BindInput(binding: Pointer, name: string, value: Pointer): void;
  BindOutput(binding: Pointer, name: string, value: Pointer): void;
  BindOutputToDevice(binding: Pointer, name: string, memoryInfo: Pointer): void;
  GetBoundOutputValues(binding: Pointer, allocator: Pointer, values: NativeBuffer, count: NativeBuffer): void;
  ClearBoundInputs(binding: Pointer): void;
  ClearBoundOutputs(binding: Pointer): void;
  SynchronizeBoundInputs(binding: Pointer): void;
  SynchronizeBoundOutputs(binding: Pointer): void;
  RunWithBinding(session: Pointer, options: Pointer | null, binding: Pointer): void;
  ReleaseIoBinding(binding: Pointer): void;

  CreateCustomOpDomain(domain: string, out: NativeBuffer): void;
  CustomOpDomain_Add(domain: Pointer, op: Pointer): void;
  ReleaseCustomOpDomain(domain: Pointer): void;
  KernelInfoGetAttribute_float(info: Pointer, name: string, out: NativeBuffer): void;
  KernelInfoGetAttribute_int64(info: Pointer, name: string, out: NativeBuffer): void;
  KernelContext_GetInput(context: Pointer, index: number, out: NativeBuffer): void;
  KernelContext_GetOutput(context: Pointer, index: number, dims: NativeBuffer, rank: number, out: NativeBuffer): void;
  KernelContext_GetGPUComputeStream(context: Pointer, out: NativeBuffer): void;
}
