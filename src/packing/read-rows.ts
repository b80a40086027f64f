import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError, invariant } from '../errors.ts';
import { convertValues, isSourceDtype, SOURCE_BYTES, type SourceDtype } from './convert-values.ts';
import type { Block, Segment } from './pack-blocks.ts';
import { PACKED_BYTES, type PackedDtype } from './packed-model.ts';

/** Memory for one block at a time, used over and over. `maxElements` counts values. */
export class BlockBuffers {
  readonly maxElements: number;
  /** What was read; a value has its place at four times its index in the block, however wide it is in the file. */
  readonly raw: ArrayBuffer;
  /** The block in its packed type. */
  readonly packed: ArrayBuffer;

  constructor(maxElements: number) {
    this.maxElements = maxElements;
    this.raw = new ArrayBuffer(4 * maxElements);
    this.packed = new ArrayBuffer(4 * maxElements);
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
 * Reads the rows of `block` and leaves them in its packed type and order in `buffers.packed`.
 * @returns the bytes there
 * @throws CheckpointError when a file cannot be read any more, or a value is too large for fp16
 */
export async function readBlock(checkpoint: Checkpoint, block: Block, buffers: BlockBuffers): Promise<Uint8Array> {
  invariant(block.elements <= buffers.maxElements, 'block larger than its buffers');
  const reads = block.segments.flatMap(readsOf);
  await Promise.all(
    reads.map(({ tensor, rowStart, rowCount, at, elements }) => {
      const bytes = elements * SOURCE_BYTES[dtypeOf(checkpoint, tensor)];
      return checkpoint.read(tensor, rowStart, rowCount, new Uint8Array(buffers.raw, 4 * at, bytes));
    }),
  );
  for (const segment of block.segments) convertSegment(checkpoint, segment, block.dtype, buffers);
  return new Uint8Array(buffers.packed, 0, PACKED_BYTES[block.dtype] * block.elements);
}

function readsOf(segment: Segment): Read[] {
  const { width, rowStart, rowCount, at } = segment;
  const elements = rowCount * width;
  return segment.tensors.map((tensor, part) => ({ tensor, rowStart, rowCount, at: at + part * elements, elements }));
}

/** Row r of tensor t goes to row r * tensors + t: one tensor is copied as it is, two are interleaved. */
function convertSegment(checkpoint: Checkpoint, segment: Segment, to: PackedDtype, buffers: BlockBuffers): void {
  const { tensors, width, rowCount, at } = segment;
  const elements = rowCount * width;
  for (const [part, tensor] of tensors.entries()) {
    const from = dtypeOf(checkpoint, tensor);
    const begin = 4 * (at + part * elements);
    /** `count` values of the tensor from value `first` on, to value `place` of the block. */
    const convert = (first: number, place: number, count: number): void => {
      const source = { buffer: buffers.raw, byteOffset: begin + first * SOURCE_BYTES[from], count };
      const target = { buffer: buffers.packed, byteOffset: place * PACKED_BYTES[to], count };
      if (convertValues(from, source, to, target)) return;
      throw new CheckpointError(checkpoint.folder, `${tensor} has values beyond fp16, which this device computes with`);
    };
    if (tensors.length === 1) convert(0, at, elements);
    else
      for (let row = 0; row < rowCount; row++) convert(row * width, at + (row * tensors.length + part) * width, width);
  }
}

function dtypeOf(checkpoint: Checkpoint, name: string): SourceDtype {
  const dtype = checkpoint.tensors.get(name)?.dtype;
  invariant(dtype !== undefined && isSourceDtype(dtype), `tensor ${name} was not checked before it was read`);
  return dtype;
}
