import type { PackPlan, RowSource } from '../deepseek-v2/packed-weights.ts';
import { scalesOf } from '../deepseek-v2/precision.ts';
import { invariant } from '../errors.ts';
import type { PackLayout } from './layout.ts';
import { PACKED_BYTES, type PackedDtype } from './packed-model.ts';

/** Rows [rowStart, rowStart + rowCount) of each of `tensors`, `width` values of a row, interleaved row by row when there are two. */
export interface Segment {
  readonly tensors: readonly string[];
  readonly rowStart: number;
  readonly rowCount: number;
  readonly width: number;
  /** Values of a row in the checkpoint, and which of them is the first that is taken. */
  readonly sourceWidth: number;
  readonly firstColumn: number;
  /** Index of the first value in the block. */
  readonly at: number;
}

/** A run of values of weights.bin that is read, converted and written in one go. */
export interface Block {
  /** The packed tensor that it belongs to, and its element type there. */
  readonly tensor: string;
  readonly dtype: PackedDtype;
  /** Position in weights.bin. */
  readonly byteOffset: number;
  /** Position there of a quantised block's scales. */
  readonly scalesOffset: number | null;
  readonly elements: number;
  readonly segments: readonly Segment[];
}

/** Values that a buffer must hold: `wanted`, or more where a single row (a pair, interleaved; one of the checkpoint) has more. */
export function blockCapacity(plan: PackPlan, wanted: number): number {
  let most = wanted;
  for (const { sources } of plan.tensors) {
    for (const source of sources) {
      const { tensors, width, sourceWidth } = rowsOf(plan, source);
      most = Math.max(most, tensors.length * width, sourceWidth);
    }
  }
  return most;
}

/** Cuts the packed weights into blocks of at most `capacity` values, whole rows each, in the order of the file. */
export function* packBlocks(plan: PackPlan, layout: PackLayout, capacity: number): Generator<Block> {
  for (const { name, sources } of plan.tensors) {
    const target = layout.tensors.get(name);
    invariant(target, `packed tensor ${name} has no place`);
    const { dtype } = target;
    const bytes = PACKED_BYTES[dtype];
    const scalesAt = scalesLocator(layout, name);
    let byteOffset = target.offset;
    let segments: Segment[] = [];
    let elements = 0;
    for (const source of sources) {
      const { start, count, ...rows } = rowsOf(plan, source);
      const step = rows.tensors.length * rows.width;
      let done = 0;
      while (done < count) {
        const rowCount = Math.min(count - done, Math.floor((capacity - elements) / step));
        if (rowCount > 0) {
          segments.push({ ...rows, rowStart: start + done, rowCount, at: elements });
          elements += rowCount * step;
          done += rowCount;
        }
        if (done < count) {
          invariant(elements > 0, `a row of ${name} is larger than a block`);
          yield { tensor: name, dtype, byteOffset, scalesOffset: scalesAt(byteOffset), elements, segments };
          byteOffset += bytes * elements;
          segments = [];
          elements = 0;
        }
      }
    }
    if (elements > 0) yield { tensor: name, dtype, byteOffset, scalesOffset: scalesAt(byteOffset), elements, segments };
    invariant(byteOffset + bytes * elements === target.offset + target.byteLength, `sources do not fill ${name}`);
  }
}

/** Where the scales of the rows lie that begin at a position in weights.bin; null when the tensor has none. */
function scalesLocator(layout: PackLayout, name: string): (byteOffset: number) => number | null {
  const [weights, scales] = [layout.tensors.get(name)!, layout.tensors.get(scalesOf(name))];
  if (weights.dtype !== 'u8') return () => null;
  invariant(scales, `quantised tensor ${name} has no scales`);
  const bytesPerRow = PACKED_BYTES[scales.dtype] * scales.shape.at(-1)!;
  return (byteOffset) => scales.offset + ((byteOffset - weights.offset) / weights.shape.at(-1)!) * bytesPerRow;
}

/** What the segments of a source have in common, and the rows that they share. */
interface SourceRows extends Pick<Segment, 'tensors' | 'width' | 'sourceWidth' | 'firstColumn'> {
  readonly start: number;
  readonly count: number;
}

function rowsOf(plan: PackPlan, source: RowSource): SourceRows {
  const tensors = source.kind === 'rows' ? [source.tensor] : [source.first, source.second];
  const sourceWidth = plan.sourceShapes.get(tensors[0]!)?.at(-1);
  invariant(sourceWidth !== undefined, `tensor ${tensors[0]} has no shape`);
  const columns = source.kind === 'rows' ? source.columns : undefined;
  const { from, to } = columns ?? { from: 0, to: sourceWidth };
  const { start, count } = source;
  return { tensors, width: to - from, sourceWidth, firstColumn: from, start, count };
}
