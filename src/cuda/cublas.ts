import koffi, { type LibraryHandle } from 'koffi';
import { ConfigError } from '../errors.ts';
import { DeviceBuffer } from './device-buffer.ts';
import type { CudaDriver, Pointer } from './driver.ts';
import type { StreamType } from './element-types.ts';

/** Found by this name when it is loaded already (libraries.ts), and among the system's libraries otherwise. */
const LIBRARY = 'libcublas.so.13';
/** What cuBLAS wants for Hopper. A handle without a workspace of its own may allocate while a CUDA graph is captured. */
const WORKSPACE_BYTES = 32 * 1024 * 1024;
/** CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION, over CUBLAS_DEFAULT_MATH: no TF32, and partial sums stay float32. */
const MATH_MODE = 16;
/** cudaDataType_t */
const TYPES = { f32: 0, f16: 2, bf16: 14 } as const;
/** CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT */
const [COMPUTE_32F, DEFAULT_ALGORITHM] = [68, -1];
const OPERATIONS = { none: 0, transpose: 1 } as const;

const P = 'void *';
const MATRIX = [P, 'int', 'int', 'int64_t']; // address, element type, leading dimension, stride of the batch
const PROTOTYPES = {
  cublasCreate_v2: [P],
  cublasDestroy_v2: [P],
  cublasSetStream_v2: [P, P],
  cublasSetWorkspace_v2: [P, P, 'size_t'],
  cublasSetMathMode: [P, 'int'],
  cublasGemmStridedBatchedEx: [
    P,
    ...new Array<string>(5).fill('int'), // operations on a and b; m, n, k
    P, // alpha
    ...MATRIX,
    ...MATRIX,
    P, // beta
    ...MATRIX,
    ...new Array<string>(3).fill('int'), // batch, compute type, algorithm
  ],
  cublasGemmEx: [
    P,
    ...new Array<string>(5).fill('int'),
    P,
    ...MATRIX.slice(0, 3),
    ...MATRIX.slice(0, 3),
    P,
    ...MATRIX.slice(0, 3),
    ...['int', 'int'], // compute type, algorithm
  ],
} as const;

type FunctionName = keyof typeof PROTOTYPES;
type Argument = number | Pointer | ArrayBufferView;
type Functions = Readonly<Record<FunctionName, (...args: Argument[]) => number>> & {
  readonly statusName: (code: number) => string;
};

/** A call of cuBLAS that failed. */
export class CublasError extends Error {
  override readonly name = 'CublasError';
  /** cublasStatus_t */
  readonly code: number;

  constructor(functionName: string, code: number, reason: string) {
    super(`${functionName} failed: ${reason} (cuBLAS status ${code})`);
    this.code = code;
  }
}

// koffi unloads a library whose handle has been collected, while its functions are still in use.
let library: LibraryHandle | undefined;
let functions: Functions | undefined;

/** @throws ConfigError when there is no such library */
function openLibrary(): Functions {
  if (functions !== undefined) return functions;
  try {
    library = koffi.load(LIBRARY);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${LIBRARY} of CUDA 13 cannot be loaded: ${reason}. Run "latent-serve install-cuda".`, {
      cause,
    });
  }
  const loaded = library;
  const bound = Object.entries(PROTOTYPES).map(([name, parameters]) => [
    name,
    loaded.func(name, 'int', [...parameters]),
  ]);
  const statusName = loaded.func('cublasGetStatusName', 'const char *', ['int']);
  functions = { ...Object.fromEntries(bound), statusName } as Functions;
  return functions;
}

/** Matrices of a batch, one every `stride` elements; rows lie `rowStride` elements apart. */
export interface MatrixBatch {
  readonly address: Pointer;
  readonly rowStride: number;
  readonly stride: number;
}

/** out [rows, columns] = a [rows, depth] times b, for each matrix of the batch. */
export interface BatchedProduct {
  readonly type: StreamType;
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly a: MatrixBatch;
  /** [depth, columns], or [columns, depth] where it is transposed */
  readonly b: MatrixBatch;
  readonly transposesB: boolean;
  readonly out: MatrixBatch;
}

/** y [numTokens, width] = x [numTokens, depth] times w [width, depth] transposed. */
export interface RowProduct {
  readonly type: StreamType;
  /** Of y; that of x and w where absent. */
  readonly outType?: StreamType;
  readonly x: Pointer;
  /** Elements from row to row of x; depth where absent. */
  readonly xStride?: number;
  readonly w: Pointer;
  readonly y: Pointer;
  readonly numTokens: number;
  readonly width: number;
  readonly depth: number;
}

/** A cuBLAS handle with its workspace, for the thread that made it and one stream at a time. */
export class Cublas implements Disposable {
  readonly #functions: Functions;
  readonly #handle: Pointer;
  readonly #workspace: DeviceBuffer;
  readonly #one = Float32Array.of(1);
  readonly #zero = Float32Array.of(0);
  #stream: Pointer | null = null;

  /**
   * Belongs to the current context, and must not be made while a graph is captured.
   * @throws ConfigError when cuBLAS is not installed; CublasError or CudaError when the GPU has no memory left
   */
  constructor(driver: CudaDriver) {
    this.#functions = openLibrary();
    // Touching `.buffer` moves a small typed array off the JavaScript heap, where the collector could move it.
    for (const factor of [this.#one, this.#zero]) void factor.buffer;
    this.#handle = driver.pointer((out) => this.#call('cublasCreate_v2', out));
    this.#workspace = new DeviceBuffer(driver, WORKSPACE_BYTES);
    this.#call('cublasSetMathMode', this.#handle, MATH_MODE);
  }

  /** Enqueues the products, summed in float32. @throws CublasError */
  multiply({ type, batch, rows, columns, depth, a, b, transposesB, out }: BatchedProduct, stream: Pointer): void {
    this.#useStream(stream);
    const code = TYPES[type];
    // cuBLAS counts by columns: the same memory holds the transposes, and out^T = b^T a^T.
    this.#call(
      'cublasGemmStridedBatchedEx',
      this.#handle,
      transposesB ? OPERATIONS.transpose : OPERATIONS.none,
      OPERATIONS.none,
      columns,
      rows,
      depth,
      this.#one,
      ...[b.address, code, b.rowStride, b.stride],
      ...[a.address, code, a.rowStride, a.stride],
      this.#zero,
      ...[out.address, code, out.rowStride, out.stride],
      batch,
      COMPUTE_32F!,
      DEFAULT_ALGORITHM!,
    );
  }

  /** Enqueues the product, summed in float32. @throws CublasError */
  multiplyRows({ type, outType, x, xStride, w, y, numTokens, width, depth }: RowProduct, stream: Pointer): void {
    this.#useStream(stream);
    const code = TYPES[type];
    const operations = [OPERATIONS.transpose, OPERATIONS.none];
    const factors = [w, code, depth, x, code, xStride ?? depth];
    const sizes = [width, numTokens, depth];
    const result = [y, TYPES[outType ?? type], width];
    const all = [this.#handle, ...operations, ...sizes, this.#one, ...factors, this.#zero, ...result];
    this.#call('cublasGemmEx', ...all, COMPUTE_32F!, DEFAULT_ALGORITHM!);
  }

  [Symbol.dispose](): void {
    this.#call('cublasDestroy_v2', this.#handle);
    this.#workspace[Symbol.dispose]();
  }

  #useStream(stream: Pointer): void {
    if (stream === this.#stream) return;
    this.#call('cublasSetStream_v2', this.#handle, stream);
    // A new stream gives the handle back the workspace that it came with.
    this.#call('cublasSetWorkspace_v2', this.#handle, this.#workspace.address, WORKSPACE_BYTES);
    this.#stream = stream;
  }

  #call(name: FunctionName, ...args: Argument[]): void {
    const status = this.#functions[name](...args);
    if (status !== 0) throw new CublasError(name, status, this.#functions.statusName(status));
  }
}
