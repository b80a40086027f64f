import { randomFillSync } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';
import { planPackedWeights } from '../../src/deepseek-v2/packed-weights.ts';
import { FLOAT32 } from '../../src/deepseek-v2/precision.ts';

const BYTES = 2;
/** Random bytes are made once and repeated; not a multiple of any tensor's size, so that tensors differ. */
const CHUNK_BYTES = 8 * 2 ** 20 - 4096;
const ONE = [0x80, 0x3f];

/**
 * Writes the tensors of `config` as one safetensors file of bf16 values: random ones of 0.008 to 0.03 in magnitude, and ones for the norms.
 * @returns its bytes of data
 */
export async function writeRandomCheckpoint(config: DeepseekV2Config, file: string): Promise<number> {
  const header: Record<string, unknown> = {};
  const norms: { readonly begin: number; readonly end: number }[] = [];
  let bytes = 0;
  for (const [name, shape] of planPackedWeights(config, FLOAT32).sourceShapes) {
    const end = bytes + BYTES * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: 'BF16', shape, data_offsets: [bytes, end] };
    if (shape.length === 1) norms.push({ begin: bytes, end });
    bytes = end;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const handle = await open(file, 'w');
  try {
    await handle.write(Buffer.concat([length, text]));
    await writeRandomValues(handle, bytes);
    for (const { begin, end } of norms) {
      const ones = Buffer.alloc(end - begin, Buffer.from(ONE));
      await handle.write(ones, 0, ones.length, length.length + text.length + begin);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return bytes;
}

async function writeRandomValues(handle: FileHandle, bytes: number): Promise<void> {
  const chunk = randomFillSync(Buffer.alloc(CHUNK_BYTES));
  for (let i = 1; i < chunk.length; i += BYTES) chunk[i] = (chunk[i]! & 0x80) | 0x3c;
  for (let left = bytes; left > 0; left -= CHUNK_BYTES) await handle.write(chunk, 0, Math.min(left, CHUNK_BYTES));
}
