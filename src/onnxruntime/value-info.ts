import koffi from 'koffi';
import type { Pointer } from './api-functions.ts';
import { type ElementType, elementTypeOfCode } from './element-type.ts';
import { type OnnxRuntime, offHeap } from './runtime.ts';

/** An input or output that a model declares. */
export interface ValueInfo {
  readonly name: string;
  readonly elementType: ElementType;
  /** A symbolic dimension is its name, an unknown one -1. */
  readonly shape: readonly (number | string)[];
}

/** Reads the inputs and outputs that the session of `pointer` declares, in the model's order. */
export function readValueInfos(runtime: OnnxRuntime, pointer: Pointer, kind: 'input' | 'output'): ValueInfo[] {
  const { api } = runtime;
  const [count, name, typeInfo] =
    kind === 'input'
      ? ([api.SessionGetInputCount, api.SessionGetInputName, api.SessionGetInputTypeInfo] as const)
      : ([api.SessionGetOutputCount, api.SessionGetOutputName, api.SessionGetOutputTypeInfo] as const);
  const infos: ValueInfo[] = [];
  const total = runtime.out((out) => count(pointer, out));
  for (let index = 0; index < total; index++) {
    const text = runtime.out((out) => name(pointer, index, runtime.defaultAllocator, out));
    const type = runtime.out((out) => typeInfo(pointer, index, out));
    try {
      infos.push({ name: koffi.decode.string(text), ...readTensorInfo(runtime, type) });
    } finally {
      api.AllocatorFree(runtime.defaultAllocator, text);
      api.ReleaseTypeInfo(type);
    }
  }
  return infos;
}

function readTensorInfo(runtime: OnnxRuntime, typeInfo: Pointer): Omit<ValueInfo, 'name'> {
  const { api } = runtime;
  const info = runtime.out((out) => api.CastTypeInfoToTensorInfo(typeInfo, out));
  const elementType = offHeap(new Int32Array(1));
  api.GetTensorElementType(info, elementType);
  const rank = Number(runtime.out((out) => api.GetDimensionsCount(info, out)));
  const dims = offHeap(new BigInt64Array(rank));
  const names = offHeap(new BigUint64Array(rank));
  if (rank > 0) {
    api.GetDimensions(info, dims, rank);
    api.GetSymbolicDimensions(info, names, rank); // the strings belong to the type info
  }
  return {
    elementType: elementTypeOfCode(elementType[0]!),
    shape: Array.from(dims, (dim, i) => (dim >= 0n ? Number(dim) : koffi.decode.string(names[i]!) || -1)),
  };
}

/** `name: f32[rows, 64]` for each, for error messages. */
export function describeValues(
  values: Iterable<{ readonly name: string; readonly elementType: ElementType; readonly shape: readonly unknown[] }>,
): string {
  const texts = Array.from(values, ({ name, elementType, shape }) => `${name}: ${elementType}[${shape.join(', ')}]`);
  return texts.length === 0 ? 'none' : texts.join('; ');
}
