import { readRows, type TensorRows } from '../checkpoint/tensor-rows.ts';
import { CheckpointError, invariant } from '../errors.ts';
import { convertValues, isSourceDtype, SOURCE_BYTES, type SourceDtype } from './convert-values.ts';
import type { Block, Segment } from './pack-blocks.ts';
import { PACKED_BYTES } from './packed-model.ts';
import { quantizeRows, scalesPerRow } from './quantize-rows.ts';

/** Memory for one block at a time, used over and over. `maxElements` counts values. */
export class BlockBuffers {
  readonly maxElements: number;
  /** What was read of one tensor; a value takes up to four bytes in the file. */
  readonly raw: ArrayBuffer;
  /** The block in its packed type; a quantised one in the first half, its scales in the second. */
  readonly packed: ArrayBuffer;

  constructor(maxElements: number) {
    this.maxElements = maxElements;
    this.raw = new ArrayBuffer(4 * maxElements);
    this.packed = new ArrayBuffer(4 * maxElements);
  }
}

/** Bytes for a place in weights.bin. */
export interface Piece {
  readonly byteOffset: number;
  readonly bytes: Uint8Array;
}

/** The tensors of a checkpoint by name. */
export type Sources = ReadonlyMap<string, TensorRows>;

/**
 * Reads the rows of `block` and leaves them in its packed type and order in `buffers.packed`.
 * @returns what lies there
 * @throws CheckpointError when a file cannot be read any more, or a value is too large for fp16
 */
export function packBlock(sources: Sources, block: Block, buffers: BlockBuffers): Piece[] {
  invariant(block.elements <= buffers.maxElements, 'block larger than its buffers');
  for (const segment of block.segments) packSegment(sources, segment, block, buffers);
  const { byteOffset, scalesOffset, elements, dtype } = block;
  const pieces = [{ byteOffset, bytes: new Uint8Array(buffers.packed, 0, PACKED_BYTES[dtype] * elements) }];
  if (scalesOffset !== null) {
    const scales = block.segments.reduce((sum, { tensors, rowCount, width }) => {
      return sum + tensors.length * rowCount * scalesPerRow(width);
    }, 0);
    const bytes = new Uint8Array(buffers.packed, scalesStart(buffers), PACKED_BYTES.f16 * scales);
    pieces.push({ byteOffset: scalesOffset, bytes });
  }
  return pieces;
}

function scalesStart({ maxElements }: BlockBuffers): number {
  return PACKED_BYTES.f16 * maxElements;
}

/** Row r of tensor t goes to row r * tensors + t: one tensor is copied as it is, two are interleaved. */
function packSegment(sources: Sources, segment: Segment, block: Block, buffers: BlockBuffers): void {
  const { tensors, width, sourceWidth, firstColumn, rowStart, rowCount, at } = segment;
  const { dtype: to } = block;
  for (const [part, tensor] of tensors.entries()) {
    const rows = sources.get(tensor);
    invariant(rows, `tensor ${tensor} is not in the checkpoint`);
    const from = checkedDtype(tensor, rows);
    const bytesPerRow = sourceWidth * SOURCE_BYTES[from];
    /** `count` values of the tensor from value `first` on, to value `place` of the block. */
    const convert = (first: number, place: number, count: number): void => {
      const source = { buffer: buffers.raw, byteOffset: first * SOURCE_BYTES[from], count };
      if (to === 'u8') {
        const target = { buffer: buffers.packed, codesAt: place, scalesAt: scalesStart(buffers), width };
        if (quantizeRows(from, source, target)) return;
        throw new CheckpointError(
          rows.file,
          `${tensor} has values beyond fp16, or not finite: they cannot be quantised`,
        );
      }
      const target = { buffer: buffers.packed, byteOffset: place * PACKED_BYTES[to], count };
      if (convertValues(from, source, to, target)) return;
      throw new CheckpointError(rows.file, `${tensor} has values beyond fp16, which this device computes with`);
    };
    // Of rows of which only some columns are wanted, more is read than the block holds.
    const most = Math.floor(buffers.raw.byteLength / bytesPerRow);
    for (let done = 0; done < rowCount; done += most) {
      const count = Math.min(most, rowCount - done);
      readRows(rows, rowStart + done, count, new Uint8Array(buffers.raw, 0, count * bytesPerRow));
      if (tensors.length === 1 && sourceWidth === width) convert(0, at + done * width, count * width);
      else
        for (let row = 0; row < count; row++)
          convert(row * sourceWidth + firstColumn, at + ((done + row) * tensors.length + part) * width, width);
    }
  }
}

function checkedDtype(tensor: string, { dtype }: TensorRows): SourceDtype {
  invariant(isSourceDtype(dtype), `tensor ${tensor} was not checked before it was read`);
  return dtype;
}
