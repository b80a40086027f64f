import { open } from 'node:fs/promises';
import path from 'node:path';
import type { PackedModel } from '../../src/packing/packed-model.ts';

const PAGE = 4096;
const CHUNK_BYTES = 64 * 2 ** 20;

/**
 * A pack with another version of one 16-bit tensor, which is written behind the others into the same file: those of dummy weights
 * share their bytes.
 * @param edit gets the tensor's bits piece by piece, and the index of the first of each
 */
export async function editTensor(
  packed: PackedModel,
  name: string,
  edit: (bits: Uint16Array, first: number) => void,
): Promise<PackedModel> {
  const tensor = packed.tensors.get(name)!;
  const file = await open(path.join(packed.folder, packed.weightsFile), 'r+');
  try {
    const offset = Math.ceil((await file.stat()).size / PAGE) * PAGE;
    for (let done = 0; done < tensor.byteLength; done += CHUNK_BYTES) {
      const bytes = new Uint8Array(Math.min(CHUNK_BYTES, tensor.byteLength - done));
      await file.read(bytes, 0, bytes.byteLength, tensor.offset + done);
      edit(new Uint16Array(bytes.buffer), done / 2);
      await file.write(bytes, 0, bytes.byteLength, offset + done);
    }
    await file.truncate(Math.ceil((offset + tensor.byteLength) / PAGE) * PAGE);
    return { ...packed, tensors: new Map([...packed.tensors, [name, { ...tensor, offset }]]) };
  } finally {
    await file.close();
  }
}
