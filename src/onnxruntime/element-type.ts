import { invariant } from '../errors.ts';

/** A typed array that a tensor can lie over; f16 and bf16 are kept as raw bits in a Uint16Array, bool in a Uint8Array. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

interface ElementTypeInfo {
  /** ONNXTensorElementDataType, which numbers the types as TensorProto.DataType does. */
  readonly code: number;
  readonly bytes: number;
  readonly view: (buffer: ArrayBuffer) => TensorData;
  /** Name of the typed array that stands for this type when none is named. */
  readonly impliedBy?: string;
}

const types = {
  f32: { code: 1, bytes: 4, view: (buffer) => new Float32Array(buffer), impliedBy: 'Float32Array' },
  u8: { code: 2, bytes: 1, view: (buffer) => new Uint8Array(buffer), impliedBy: 'Uint8Array' },
  i8: { code: 3, bytes: 1, view: (buffer) => new Int8Array(buffer), impliedBy: 'Int8Array' },
  u16: { code: 4, bytes: 2, view: (buffer) => new Uint16Array(buffer) },
  i16: { code: 5, bytes: 2, view: (buffer) => new Int16Array(buffer), impliedBy: 'Int16Array' },
  i32: { code: 6, bytes: 4, view: (buffer) => new Int32Array(buffer), impliedBy: 'Int32Array' },
  i64: { code: 7, bytes: 8, view: (buffer) => new BigInt64Array(buffer), impliedBy: 'BigInt64Array' },
  bool: { code: 9, bytes: 1, view: (buffer) => new Uint8Array(buffer) },
  f16: { code: 10, bytes: 2, view: (buffer) => new Uint16Array(buffer) },
  f64: { code: 11, bytes: 8, view: (buffer) => new Float64Array(buffer), impliedBy: 'Float64Array' },
  u32: { code: 12, bytes: 4, view: (buffer) => new Uint32Array(buffer), impliedBy: 'Uint32Array' },
  u64: { code: 13, bytes: 8, view: (buffer) => new BigUint64Array(buffer), impliedBy: 'BigUint64Array' },
  bf16: { code: 16, bytes: 2, view: (buffer) => new Uint16Array(buffer) },
} as const satisfies Record<string, ElementTypeInfo>;

export type ElementType = keyof typeof types;

export const elementTypes: Readonly<Record<ElementType, ElementTypeInfo>> = types;

const byCode = new Map(Object.entries(types).map(([name, { code }]) => [code as number, name as ElementType]));
const byArray = new Map(
  Object.entries(elementTypes).flatMap(([name, { impliedBy }]) =>
    impliedBy ? [[impliedBy, name as ElementType]] : [],
  ),
);

/** Throws InvariantError for types that no graph here uses (strings, complex numbers, fp8, 4-bit). */
export function elementTypeOfCode(code: number): ElementType {
  const type = byCode.get(code);
  invariant(type !== undefined, `tensor element type ${code} is not supported`);
  return type;
}

/** The element type of a typed array; a Uint16Array could be f16, bf16 or u16, so its type must be named. */
export function elementTypeOfData(data: TensorData): ElementType {
  const type = byArray.get(data[Symbol.toStringTag]);
  invariant(type !== undefined, `the element type of a ${data[Symbol.toStringTag]} must be given`);
  return type;
}

/** Throws InvariantError when a shape has a negative or fractional dimension. The product is 1 for a scalar ([]). */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dim of shape) {
    invariant(Number.isSafeInteger(dim) && dim >= 0, `[${shape}] is not a shape`);
    count *= dim;
  }
  return count;
}
