/** OrtErrorCode of onnxruntime_c_api.h, by number. */
const errorCodes = [
  'OK',
  'FAIL',
  'INVALID_ARGUMENT',
  'NO_SUCHFILE',
  'NO_MODEL',
  'ENGINE_ERROR',
  'RUNTIME_EXCEPTION',
  'INVALID_PROTOBUF',
  'MODEL_LOADED',
  'NOT_IMPLEMENTED',
  'INVALID_GRAPH',
  'EP_FAIL',
  'MODEL_LOAD_CANCELED',
  'MODEL_REQUIRES_COMPILATION',
  'NOT_FOUND',
] as const;

export type OnnxRuntimeErrorCode = (typeof errorCodes)[number] | 'UNKNOWN';

/** A call of the C API that returned a status: its message is ONNX Runtime's own, after the function's name. */
export class OnnxRuntimeError extends Error {
  override readonly name = 'OnnxRuntimeError';
  /** The C function that failed, as in onnxruntime_c_api.h. */
  readonly functionName: string;
  readonly code: OnnxRuntimeErrorCode;
  /** ONNX Runtime's text alone. */
  readonly reason: string;

  constructor(
    functionName: string,
    code: number | OnnxRuntimeErrorCode,
    reason: string,
    context = '',
    cause?: unknown,
  ) {
    super(`${functionName}${context}: ${reason}`, cause === undefined ? {} : { cause });
    this.functionName = functionName;
    this.code = typeof code === 'number' ? (errorCodes[code] ?? 'UNKNOWN') : code;
    this.reason = reason;
  }
}
