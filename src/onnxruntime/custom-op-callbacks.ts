import koffi from 'koffi';
import { invariant } from '../errors.ts';
import type { Pointer } from './api-functions.ts';
import type { CustomOp } from './custom-op.ts';
import { elementTypes } from './element-type.ts';
import { NativeKernelContext } from './kernel-context.ts';
import { type OnnxRuntime, offHeap } from './runtime.ts';

/** An operator with the C strings that ONNX Runtime asks for. */
export interface RegisteredOp {
  readonly op: CustomOp;
  readonly name: Pointer;
  readonly provider: Pointer;
}

/** The callbacks of `struct OrtCustomOp`: one set serves all operators of a domain, told apart by the struct's address. */
export interface CustomOpCallbacks {
  /** The struct's fields after `version`, in order; 0n is NULL. */
  readonly fields: readonly Pointer[];
  unregister(): void;
}

const ORT_FAIL = 1;
const INPUT_REQUIRED = 0;
const INPUT_OPTIONAL = 1;
const MEMORY_DEFAULT = 0;
/** OrtMemTypeCPUInput: host memory whatever the provider. */
const MEMORY_HOST_INPUT = -2;
const LAST_VERSION = 0x7fffffff;

interface Kernel {
  readonly op: CustomOp;
  readonly attributes: Readonly<Record<string, number>>;
}

/** Registers one set of callbacks over `ops`, which may still grow. */
export function registerCallbacks(runtime: OnnxRuntime, ops: ReadonlyMap<Pointer, RegisteredOp>): CustomOpCallbacks {
  const registered: Pointer[] = [];
  const callback = <A extends unknown[]>(
    returns: string,
    parameters: string[],
    body: (...args: A) => unknown,
  ): Pointer => {
    const pointer = koffi.register(body, koffi.pointer(koffi.proto(returns, parameters)));
    registered.push(pointer);
    return pointer;
  };
  const find = (op: Pointer): RegisteredOp => {
    const found = ops.get(op);
    invariant(found !== undefined, 'ONNX Runtime asks for a custom op that is not registered');
    return found;
  };
  const P = 'void *';
  const perOp = (body: (op: CustomOp) => number): Pointer => callback('int', [P], (op: Pointer) => body(find(op).op));
  const perTensor = (body: (op: CustomOp, index: number) => number): Pointer =>
    callback('int', [P, 'size_t'], (op: Pointer, index: number) => body(find(op).op, Number(index)));
  const count = (body: (op: CustomOp) => number): Pointer =>
    callback('size_t', [P], (op: Pointer) => body(find(op).op));

  // A kernel is a number: ONNX Runtime only hands it back.
  const kernels = new Map<Pointer, Kernel>();
  let lastKernel = 0n;
  const createKernel = (op: Pointer, _api: Pointer, info: Pointer, out: Pointer): Pointer | null =>
    reportErrors(runtime, () => {
      const kernel = { op: find(op).op, attributes: readAttributes(runtime, find(op).op, info) };
      kernels.set(++lastKernel, kernel);
      koffi.encode(out, 'uint64_t', lastKernel);
    });
  const compute = (id: Pointer, context: Pointer): Pointer | null =>
    reportErrors(runtime, () => {
      const kernel = kernels.get(id);
      invariant(kernel !== undefined, 'ONNX Runtime runs a kernel that it has destroyed');
      kernel.op.compute(new NativeKernelContext(runtime, context, kernel.op, kernel.attributes));
    });

  const zero = perOp(() => 0); // Nothing here is variadic.
  const fields: Pointer[] = [
    0n, // CreateKernel
    callback(P, [P], (op: Pointer) => find(op).name),
    callback(P, [P], (op: Pointer) => find(op).provider),
    perTensor((op, i) => elementTypes[op.inputs[i]!.type].code),
    count((op) => op.inputs.length),
    perTensor((op, i) => elementTypes[op.outputs[i]!.type].code),
    count((op) => op.outputs.length),
    0n, // KernelCompute
    callback('void', [P], (kernel: Pointer) => kernels.delete(kernel)),
    perTensor((op, i) => (op.inputs[i]!.optional ? INPUT_OPTIONAL : INPUT_REQUIRED)),
    perTensor(() => INPUT_REQUIRED), // GetOutputCharacteristic
    perTensor((op, i) => (op.inputs[i]!.memory === 'host' ? MEMORY_HOST_INPUT : MEMORY_DEFAULT)),
    zero, // GetVariadicInputMinArity
    zero, // GetVariadicInputHomogeneity
    zero, // GetVariadicOutputMinArity
    zero, // GetVariadicOutputHomogeneity
    callback(P, [P, P, P, P], createKernel),
    callback(P, [P, P], compute),
    0n, // InferOutputShapeFn
    perOp(() => 1), // GetStartVersion
    perOp(() => LAST_VERSION), // GetEndVersion
    0n, // GetMayInplace
    0n, // ReleaseMayInplace
    0n, // GetAliasMap
    0n, // ReleaseAliasMap
  ];
  return {
    fields,
    unregister() {
      for (const pointer of registered) koffi.unregister(pointer);
    },
  };
}

/** An exception must not cross native frames: it becomes a status, and the cause of the error that comes of it. */
function reportErrors(runtime: OnnxRuntime, body: () => void): Pointer | null {
  try {
    body();
    return null;
  } catch (error) {
    runtime.callbackError = error;
    return runtime.api.CreateStatus(ORT_FAIL, error instanceof Error ? error.message : String(error));
  }
}

function readAttributes(runtime: OnnxRuntime, op: CustomOp, info: Pointer): Record<string, number> {
  const entries = Object.entries(op.attributes ?? {}).map(([name, type]) => {
    if (type === 'float') {
      const value = offHeap(new Float32Array(1));
      runtime.api.KernelInfoGetAttribute_float(info, name, value);
      return [name, value[0]!] as const;
    }
    const value = offHeap(new BigInt64Array(1));
    runtime.api.KernelInfoGetAttribute_int64(info, name, value);
    return [name, Number(value[0])] as const;
  });
  return Object.fromEntries(entries);
}
