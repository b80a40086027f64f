import koffi from 'koffi';
import type { OrtApi, Pointer } from './api-functions.ts';
import { OnnxRuntimeError } from './onnxruntime-error.ts';

/** The version of `struct OrtApi` that is asked for: ONNX Runtime 1.N implements versions 1 to N. */
export const ORT_API_VERSION = 30;

type Returns = 'status' | 'void' | 'void *';
/** Position in `struct OrtApi` (append-only, so valid for every later version), result, parameters. */
type Definition = readonly [index: number, returns: Returns, ...parameters: string[]];

const P = 'void *';
const S = 'const char *';
/** ORTCHAR_T: paths are UTF-16 on Windows. */
const PATH = process.platform === 'win32' ? 'const char16_t *' : S;

const table: Readonly<Record<keyof OrtApi, Definition>> = {
  CreateStatus: [0, 'void *', 'int', S],
  CreateEnv: [3, 'status', 'int', S, P],
  DisableTelemetryEvents: [6, 'status', P],
  CreateSession: [7, 'status', P, PATH, P, P],
  CreateSessionFromArray: [8, 'status', P, P, 'size_t', P, P],
  CreateSessionOptions: [10, 'status', P],
  SetSessionExecutionMode: [13, 'status', P, 'int'],
  DisableMemPattern: [17, 'status', P],
  SetSessionLogSeverityLevel: [22, 'status', P, 'int'],
  SetSessionGraphOptimizationLevel: [23, 'status', P, 'int'],
  SetIntraOpNumThreads: [24, 'status', P, 'int'],
  SetInterOpNumThreads: [25, 'status', P, 'int'],
  CreateCustomOpDomain: [26, 'status', S, P],
  CustomOpDomain_Add: [27, 'status', P, P],
  AddCustomOpDomain: [28, 'status', P, P],
  SessionGetInputCount: [30, 'status', P, P],
  SessionGetOutputCount: [31, 'status', P, P],
  SessionGetInputTypeInfo: [33, 'status', P, 'size_t', P],
  SessionGetOutputTypeInfo: [34, 'status', P, 'size_t', P],
  SessionGetInputName: [36, 'status', P, 'size_t', P, P],
  SessionGetOutputName: [37, 'status', P, 'size_t', P, P],
  CreateRunOptions: [39, 'status', P],
  RunOptionsSetRunLogSeverityLevel: [41, 'status', P, 'int'],
  RunOptionsSetTerminate: [46, 'status', P],
  RunOptionsUnsetTerminate: [47, 'status', P],
  CreateTensorAsOrtValue: [48, 'status', P, P, 'size_t', 'int', P],
  CreateTensorWithDataAsOrtValue: [49, 'status', P, P, 'size_t', P, 'size_t', 'int', P],
  GetTensorMutableData: [51, 'status', P, P],
  CastTypeInfoToTensorInfo: [55, 'status', P, P],
  GetTensorElementType: [60, 'status', P, P],
  GetDimensionsCount: [61, 'status', P, P],
  GetDimensions: [62, 'status', P, P, 'size_t'],
  GetSymbolicDimensions: [63, 'status', P, P, 'size_t'],
  CreateMemoryInfo: [68, 'status', S, 'int', 'int', 'int', P],
  AllocatorFree: [76, 'status', P, P],
  GetAllocatorWithDefaultOptions: [78, 'status', P],
  KernelInfoGetAttribute_float: [85, 'status', P, S, P],
  KernelInfoGetAttribute_int64: [86, 'status', P, S, P],
  KernelContext_GetInput: [90, 'status', P, 'size_t', P],
  KernelContext_GetOutput: [91, 'status', P, 'size_t', P, 'size_t', P],
  ReleaseEnv: [92, 'void', P],
  ReleaseMemoryInfo: [94, 'void', P],
  ReleaseSession: [95, 'void', P],
  ReleaseValue: [96, 'void', P],
  ReleaseRunOptions: [97, 'void', P],
  ReleaseTypeInfo: [98, 'void', P],
  ReleaseSessionOptions: [100, 'void', P],
  ReleaseCustomOpDomain: [101, 'void', P],
  AddSessionConfigEntry: [130, 'status', P, S, S],
  CreateAllocator: [131, 'status', P, P, P],
  ReleaseAllocator: [132, 'void', P],
  RunWithBinding: [133, 'status', P, P, P],
  CreateIoBinding: [134, 'status', P, P],
  ReleaseIoBinding: [135, 'void', P],
  BindInput: [136, 'status', P, S, P],
  BindOutput: [137, 'status', P, S, P],
  BindOutputToDevice: [138, 'status', P, S, P],
  GetBoundOutputValues: [140, 'status', P, P, P, P],
  ClearBoundInputs: [141, 'void', P],
  ClearBoundOutputs: [142, 'void', P],
  AddRunConfigEntry: [165, 'status', P, S, S],
  KernelContext_GetGPUComputeStream: [193, 'status', P, P],
  SynchronizeBoundInputs: [202, 'status', P],
  SynchronizeBoundOutputs: [203, 'status', P],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [204, 'status', P, P],
  CreateCUDAProviderOptions: [205, 'status', P],
  UpdateCUDAProviderOptions: [206, 'status', P, 'const char **', 'const char **', 'size_t'],
  UpdateCUDAProviderOptionsWithValue: [263, 'status', P, S, P],
  ReleaseCUDAProviderOptions: [208, 'void', P],
  GetTensorElementTypeAndShapeDataReference: [414, 'status', P, P, P, P],
};

type NativeFunction = (...args: unknown[]) => unknown;

/** Binds every function of the table once. `tablePointer` is what `OrtApiBase.GetApi(ORT_API_VERSION)` returned. */
export function bindApi(tablePointer: Pointer): OrtApi {
  const at = (index: number, returns: string, parameters: readonly string[]): NativeFunction => {
    const address: Pointer = koffi.decode(tablePointer, index * 8, 'void *');
    return koffi.decode(address, koffi.proto(returns, [...parameters]));
  };
  const getErrorCode = at(1, 'int', [P]) as (status: Pointer) => number;
  const getErrorMessage = at(2, S, [P]) as (status: Pointer) => string;
  const releaseStatus = at(93, 'void', [P]);

  const fail = (name: string, status: Pointer): never => {
    const error = new OnnxRuntimeError(name, getErrorCode(status), getErrorMessage(status));
    releaseStatus(status);
    throw error;
  };
  const bound = Object.entries(table).map(([name, [index, returns, ...parameters]]) => {
    if (returns !== 'status') return [name, at(index, returns, parameters)];
    const native = at(index, 'void *', parameters) as (...args: unknown[]) => Pointer | null;
    return [name, throwing(native, parameters.length, (status) => fail(name, status))];
  });
  return Object.fromEntries(bound);
}

/** Fixed numbers of parameters, because rest parameters allocate an array in every call. */
function throwing(
  native: (...args: unknown[]) => Pointer | null,
  parameters: number,
  fail: (status: Pointer) => never,
): NativeFunction {
  const check = (status: Pointer | null): void => {
    if (status !== null) fail(status);
  };
  if (parameters === 1) return (a) => check(native(a));
  if (parameters === 2) return (a, b) => check(native(a, b));
  if (parameters === 3) return (a, b, c) => check(native(a, b, c));
  return (...args) => check(native(...args));
}
