import { mkdtempSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { convertValues, type SourceDtype } from '../../src/packing/convert-values.ts';
import { PACKED_BYTES, type PackedDtype, type PackedModel, type PackedTensor } from '../../src/packing/packed-model.ts';

const PAGE = 4096;
/** Values that are read and written at once. */
const CHUNK = 4 * 2 ** 20;

/** A run of the packed file that tensors of one type begin at; those of dummy weights lie over each other. */
interface Region {
  readonly dtype: PackedDtype;
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/**
 * The same weights in float32, exactly: what a model of 16-bit weights computes with less rounding. Written to a new folder under
 * `root`.
 */
export async function widenPack(packed: PackedModel, root: string): Promise<PackedModel> {
  const regions = layOutRegions([...packed.tensors.values()]);
  const folder = mkdtempSync(path.join(root, 'widened-'));
  const source = await open(path.join(packed.folder, packed.weightsFile), 'r');
  const target = await open(path.join(folder, packed.weightsFile), 'w');
  try {
    for (const { dtype, from, to, count } of regions.values()) {
      const bytes = PACKED_BYTES[dtype];
      for (let done = 0; done < count; done += CHUNK) {
        const length = Math.min(CHUNK, count - done);
        const narrow = new ArrayBuffer(bytes * length);
        const wide = new ArrayBuffer(4 * length);
        await source.read(new Uint8Array(narrow), 0, narrow.byteLength, from + bytes * done);
        const span = (buffer: ArrayBuffer) => ({ buffer, byteOffset: 0, count: length });
        convertValues(dtype.toUpperCase() as SourceDtype, span(narrow), 'f32', span(wide));
        await target.write(new Uint8Array(wide), 0, wide.byteLength, to + 4 * done);
      }
    }
    const { to, count } = [...regions.values()].at(-1)!;
    await target.truncate(pages(to + 4 * count));
  } finally {
    await source.close();
    await target.close();
  }
  const tensors = new Map<string, PackedTensor>();
  for (const [name, { dtype, shape, offset, byteLength }] of packed.tensors) {
    const wideLength = (byteLength / PACKED_BYTES[dtype]) * 4;
    tensors.set(name, { dtype: 'f32', shape, offset: regions.get(offset)!.to, byteLength: wideLength });
  }
  return { folder, weightsFile: packed.weightsFile, tensors };
}

function layOutRegions(tensors: readonly PackedTensor[]): ReadonlyMap<number, Region> {
  const counts = new Map<number, { dtype: PackedDtype; count: number }>();
  for (const { dtype, offset, byteLength } of tensors) {
    const count = byteLength / PACKED_BYTES[dtype];
    counts.set(offset, { dtype, count: Math.max(count, counts.get(offset)?.count ?? 0) });
  }
  let to = 0;
  return new Map(
    [...counts].map(([from, { dtype, count }]) => {
      const region = { dtype, from, to, count };
      to = pages(to + 4 * count);
      return [from, region];
    }),
  );
}

function pages(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE;
}
