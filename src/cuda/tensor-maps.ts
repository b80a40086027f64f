import koffi from 'koffi';
import type { CudaDriver, Pointer } from './driver.ts';

/** A matrix in device memory, row by row. */
export interface DeviceMatrix {
  readonly address: Pointer;
  readonly rows: number;
  readonly columns: number;
  readonly type: 'f16' | 'bf16' | 'u8';
}

/** Size and alignment of `CUtensorMap`. */
const MAP_BYTES = 128;
const MAP_ALIGNMENT = 128;
/** CUtensorMapDataType */
const TYPES = { u8: 0, f16: 6, bf16: 9 } as const;
const ELEMENT_BYTES = { u8: 1, f16: 2, bf16: 2 } as const;
/** Bytes of a box's row: one line of the swizzle. */
const BOX_ROW_BYTES = 128;
/** CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B, no fill (zeros outside) */
const MODES = [0, 3, 3, 0] as const;
/** Maps of scratch memory come and go with its addresses. */
const MAX_CACHED = 2048;

/** Descriptions of matrices for Hopper's copy engine: boxes of some rows x 128 bytes in 128-byte swizzle. */
export class TensorMaps {
  readonly #driver: CudaDriver;
  readonly #memory: Pointer;
  readonly #cache = new Map<string, Uint8Array>();

  constructor(driver: CudaDriver) {
    this.#driver = driver;
    const memory: Pointer = koffi.alloc('uint8_t', MAP_BYTES + MAP_ALIGNMENT);
    const alignment = BigInt(MAP_ALIGNMENT);
    this.#memory = ((memory + alignment - 1n) / alignment) * alignment;
  }

  /** The CUtensorMap, to be passed to a kernel by value. @throws CudaError */
  get(matrix: DeviceMatrix, boxRows: number): Uint8Array {
    const { address, rows, columns, type } = matrix;
    const key = `${address}:${rows}:${columns}:${type}:${boxRows}`;
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    const map = this.#encode(matrix, boxRows);
    this.#cache.set(key, map);
    return map;
  }

  #encode({ address, rows, columns, type }: DeviceMatrix, boxRows: number): Uint8Array {
    const sizes = BigUint64Array.of(BigInt(columns), BigInt(rows));
    const strides = BigUint64Array.of(BigInt(columns * ELEMENT_BYTES[type]));
    const box = Uint32Array.of(BOX_ROW_BYTES / ELEMENT_BYTES[type], boxRows);
    const elementStrides = Uint32Array.of(1, 1);
    // Touching `.buffer` moves a small typed array off the JavaScript heap.
    for (const array of [sizes, strides, box, elementStrides]) void array.buffer;
    const call = [this.#memory, TYPES[type], 2, address, sizes, strides, box, elementStrides] as const;
    this.#driver.call('cuTensorMapEncodeTiled', ...call, ...MODES);
    return new Uint8Array(koffi.view(this.#memory, MAP_BYTES)).slice();
  }
}
