import koffi from 'koffi';
import type { Pointer } from './driver.ts';

/** Where the members of `struct CUlaunchConfig` and of its attributes lie. */
const SHARED_BYTES = 24;
const STREAM = 32;
const ATTRIBUTES = 40;
const NUM_ATTRIBUTES = 48;
const CONFIG_BYTES = 56;
const ATTRIBUTE_VALUE = 8;
const ATTRIBUTE_BYTES = 72;
const MAX_ATTRIBUTES = 2;
/** CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION */
const CLUSTER = 4;
/** CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION */
const PROGRAMMATIC = 6;

export interface Launch {
  readonly grid: readonly [x: number, y?: number, z?: number];
  /** Threads of a block. */
  readonly block: number;
  /** Dynamic shared memory in bytes; 0 when absent. */
  readonly shared?: number;
  /** The CUstream to launch on. */
  readonly stream: Pointer;
  /** The kernel may start while the one before it drains; it waits for it itself (griddepcontrol). False when absent. */
  readonly overlapsPrevious?: boolean;
  /** So many neighbouring blocks reach each other's shared memory; x of the grid is a multiple of it. 1 when absent. */
  readonly cluster?: number;
}

/** `struct CUlaunchConfig`, written anew for every launch. */
export class LaunchConfiguration {
  readonly address: Pointer;
  readonly #view: DataView;

  constructor() {
    const bytes = CONFIG_BYTES + MAX_ATTRIBUTES * ATTRIBUTE_BYTES;
    this.address = koffi.alloc('uint8_t', bytes);
    this.#view = new DataView(koffi.view(this.address, bytes));
    this.#view.setBigUint64(ATTRIBUTES, this.address + BigInt(CONFIG_BYTES), true);
  }

  write({ grid: [x, y = 1, z = 1], block, shared = 0, stream, ...attributes }: Launch): Pointer {
    [x, y, z, block, 1, 1].forEach((size, index) => {
      this.#view.setUint32(4 * index, size, true);
    });
    this.#view.setUint32(SHARED_BYTES, shared, true);
    this.#view.setBigUint64(STREAM, stream, true);
    const { overlapsPrevious = false, cluster = 1 } = attributes;
    let count = 0;
    if (overlapsPrevious) this.#writeAttribute(count++, PROGRAMMATIC, [1]);
    if (cluster > 1) this.#writeAttribute(count++, CLUSTER, [cluster, 1, 1]);
    this.#view.setUint32(NUM_ATTRIBUTES, count, true);
    return this.address;
  }

  #writeAttribute(index: number, id: number, value: readonly number[]): void {
    const at = CONFIG_BYTES + index * ATTRIBUTE_BYTES;
    this.#view.setInt32(at, id, true);
    value.forEach((word, i) => {
      this.#view.setInt32(at + ATTRIBUTE_VALUE + 4 * i, word, true);
    });
  }
}
