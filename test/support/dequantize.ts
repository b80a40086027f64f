import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fp16ToFloat32 } from '../../src/checkpoint/float16.ts';
import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';
import { FLOAT32 } from '../../src/deepseek-v2/precision.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import type { PackedModel } from '../../src/packing/packed-model.ts';

/** The columns of every 16 in the order in which they are stored. */
const ORDER = [0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15];
const BLOCK = 128;

/** The weights that codes [rows, width] and scales f16 [rows, blocks] stand for (packing/quantize-rows.ts). */
export function dequantize(codes: Uint8Array, width: number, scaleBits: Uint16Array): Float32Array<ArrayBuffer> {
  const scales = new Float32Array(scaleBits.length);
  fp16ToFloat32(scaleBits, scales);
  const blocks = Math.ceil(width / BLOCK);
  const weights = new Float32Array(codes.length);
  codes.forEach((code, i) => {
    const place = i % width;
    const isGrouped = place < width - (width % 16);
    const column = isGrouped ? place - (place % 16) + ORDER[place % 16]! : place;
    weights[i - place + column] = (code - 128) * scales[Math.floor(i / width) * blocks + Math.floor(column / BLOCK)]!;
  });
  return weights;
}

/** A checkpoint packed in float32, its experts with the values that they have in int8. The pack is not to be shared. */
export async function packDequantized(
  folder: string,
  config: DeepseekV2Config,
  cacheRoot: string,
): Promise<PackedModel> {
  const quantized = await packCheckpoint({ folder, config, precision: { stream: 'f32', experts: 'u8' }, cacheRoot });
  const packed = await packCheckpoint({ folder, config, precision: FLOAT32, cacheRoot });
  const file = path.join(packed.folder, packed.weightsFile);
  const weights = readFileSync(file);
  const int8 = readFileSync(path.join(quantized.folder, quantized.weightsFile));
  const bytesOf = (name: string): Uint8Array => {
    const { offset, byteLength } = quantized.tensors.get(name)!;
    return new Uint8Array(int8.subarray(offset, offset + byteLength));
  };
  for (const [name, { dtype, shape }] of quantized.tensors) {
    if (dtype !== 'u8') continue;
    const scales = new Uint16Array(bytesOf(`${name}_scales`).buffer);
    const values = dequantize(bytesOf(name), shape.at(-1)!, scales);
    weights.set(new Uint8Array(values.buffer), packed.tensors.get(name)!.offset);
  }
  writeFileSync(file, weights);
  return packed;
}
