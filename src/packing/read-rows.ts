import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { SafetensorsDtype } from '../checkpoint/dtype.ts';
import { bf16ToFloat32, fp16ToFloat32 } from '../checkpoint/float16.ts';
import { invariant } from '../errors.ts';
import type { Block, Segment } from './pack-blocks.ts';

/** Types that become fp32 without loss. */
const BYTES_OF = { F32: 4, F16: 2, BF16: 2 } as const;
type ReadableDtype = keyof typeof BYTES_OF;

export function isReadableDtype(dtype: SafetensorsDtype): dtype is ReadableDtype {
  return Object.hasOwn(BYTES_OF, dtype);
}

/** Memory for one block at a time, used over and over. `maxElements` counts fp32 values. */
export class BlockBuffers {
  /** What was read; a value has its place at four times its index in `values`, however wide it is in the file. */
  readonly raw: ArrayBuffer;
  readonly values: Float32Array<ArrayBuffer>;

  constructor(maxElements: number) {
    this.raw = new ArrayBuffer(4 * maxElements);
    this.values = new Float32Array(maxElements);
  }
}

/** One read: `elements` values of one tensor, kept in the raw buffer from value `at` on. */
interface Read {
  readonly tensor: string;
  readonly rowStart: number;
  readonly rowCount: number;
  readonly at: number;
  readonly elements: number;
}

/**
 * Reads the rows of `block` and leaves them as fp32 in `buffers.values`, in the block's order.
 * @throws CheckpointError when a file cannot be read any more
 */
export async function readBlock(checkpoint: Checkpoint, block: Block, buffers: BlockBuffers): Promise<void> {
  invariant(block.elements <= buffers.values.length, 'block larger than its buffers');
  const reads = block.segments.flatMap(readsOf);
  await Promise.all(
    reads.map(({ tensor, rowStart, rowCount, at, elements }) => {
      const bytes = elements * BYTES_OF[dtypeOf(checkpoint, tensor)];
      return checkpoint.read(tensor, rowStart, rowCount, new Uint8Array(buffers.raw, 4 * at, bytes));
    }),
  );
  for (const segment of block.segments) convertSegment(checkpoint, segment, buffers);
}

function readsOf(segment: Segment): Read[] {
  const { width, rowStart, rowCount, at } = segment;
  const elements = rowCount * width;
  return segment.tensors.map((tensor, part) => ({ tensor, rowStart, rowCount, at: at + part * elements, elements }));
}

/** Row r of tensor t goes to row r * tensors + t: one tensor is copied as it is, two are interleaved. */
function convertSegment(checkpoint: Checkpoint, segment: Segment, { raw, values }: BlockBuffers): void {
  const { tensors, width, rowCount, at } = segment;
  const elements = rowCount * width;
  for (const [part, tensor] of tensors.entries()) {
    const dtype = dtypeOf(checkpoint, tensor);
    const from = at + part * elements;
    if (tensors.length === 1) {
      convert(dtype, raw, 4 * from, values.subarray(at, at + elements));
      continue;
    }
    for (let row = 0; row < rowCount; row++) {
      const to = at + (row * tensors.length + part) * width;
      convert(dtype, raw, 4 * from + row * width * BYTES_OF[dtype], values.subarray(to, to + width));
    }
  }
}

function convert(dtype: ReadableDtype, raw: ArrayBuffer, byteOffset: number, to: Float32Array): void {
  switch (dtype) {
    case 'F32':
      to.set(new Float32Array(raw, byteOffset, to.length));
      break;
    case 'F16':
      fp16ToFloat32(new Uint16Array(raw, byteOffset, to.length), to);
      break;
    case 'BF16':
      bf16ToFloat32(new Uint16Array(raw, byteOffset, to.length), to);
      break;
  }
}

function dtypeOf(checkpoint: Checkpoint, name: string): ReadableDtype {
  const dtype = checkpoint.tensors.get(name)?.dtype;
  invariant(dtype !== undefined && isReadableDtype(dtype), `tensor ${name} was not checked before it was read`);
  return dtype;
}
