import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { float32ToBf16, float32ToFp16 } from '../../src/checkpoint/float16.ts';
import { planPackedWeights } from '../../src/deepseek-v2/packed-weights.ts';
import type { Precision } from '../../src/deepseek-v2/precision.ts';
import { CheckpointError } from '../../src/errors.ts';
import { makeDummyWeights } from '../../src/packing/dummy-weights.ts';
import { layOut } from '../../src/packing/layout.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import type { PackedModel } from '../../src/packing/packed-model.ts';
import { quantizeRows, scalesPerRow } from '../../src/packing/quantize-rows.ts';
import { writeWeights } from '../../src/packing/write-weights.ts';
import { modelAndCache } from './model-and-cache.ts';
import { assembleNaively, decodeNaively } from './naive-assembly.ts';
import { SMALL, tensorsOf, writeShards, writeSingle } from './synthetic-checkpoint.ts';

const INT8: Precision = { stream: 'bf16', experts: 'u8' };
const BLOCK = 128;

/** Where a column of a row is stored, as quantize-rows.ts says: 0 1 8 9, 2 3 10 11, ... in every whole group of 16. */
const ORDER = [0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15];
function place(column: number, width: number): number {
  const group = column - (column % 16);
  return group + 16 <= width ? group + ORDER.indexOf(column - group) : column;
}

interface Quantized {
  readonly codes: Uint8Array;
  /** One for each block of a row. */
  readonly scales: readonly number[];
}

/** Row by row: the value of each weight, and half a step of its block. */
function dequantize({ codes, scales }: Quantized, width: number): { values: number[]; halfSteps: number[] } {
  const blocks = Math.ceil(width / BLOCK);
  const values: number[] = [];
  const halfSteps: number[] = [];
  for (let row = 0; row < codes.length / width; row++) {
    for (let column = 0; column < width; column++) {
      const scale = scales[row * blocks + Math.floor(column / BLOCK)]!;
      values.push((codes[row * width + place(column, width)]! - 128) * scale);
      halfSteps.push(scale / 2);
    }
  }
  return { values, halfSteps };
}

function quantize(values: Float32Array<ArrayBuffer>, width: number): Quantized {
  const buffer = new ArrayBuffer(4 * values.length + 16);
  const scalesAt = 2 * values.length + (values.length % 2 ? 2 : 0);
  const source = { buffer: values.buffer, byteOffset: 0, count: values.length };
  expect(quantizeRows('F32', source, { buffer, codesAt: 0, scalesAt, width })).toBe(true);
  const count = (values.length / width) * scalesPerRow(width);
  const scales = decodeNaively('F16', new Uint8Array(buffer, scalesAt, 2 * count));
  return { codes: new Uint8Array(buffer, 0, values.length), scales };
}

function expectWithinHalfAStep(values: readonly number[], quantized: Quantized, width: number): void {
  const { values: back, halfSteps } = dequantize(quantized, width);
  const beyond = values.flatMap((value, i) => (Math.abs(back[i]! - value) <= halfSteps[i]! * 1.000001 ? [] : [i]));
  expect(beyond).toEqual([]);
}

describe('quantizeRows', () => {
  const magnitudes = fc.oneof(
    fc.constantFrom(0, 1e-8, 3e-7, 1e-6, 2e-5, 65_504, -65_504),
    fc.double({ min: -1, max: 1, noNaN: true }),
    fc.double({ min: -1e-5, max: 1e-5, noNaN: true }),
  );

  it('gives every weight the nearest code: half a step is the largest error', () => {
    const rows = fc.integer({ min: 1, max: 300 }).chain((width) =>
      fc.record({
        width: fc.constant(width),
        values: fc.integer({ min: 1, max: 3 }).chain((count) => {
          return fc.array(magnitudes, { minLength: count * width, maxLength: count * width });
        }),
      }),
    );
    fc.assert(
      fc.property(rows, ({ width, values }) => {
        const narrow = Float32Array.from(values);
        expectWithinHalfAStep([...narrow], quantize(narrow, width), width);
      }),
      { numRuns: 200 },
    );
  });

  it('takes a 127th of the largest magnitude of each block for its step', () => {
    const values = Float32Array.from({ length: 300 }, (_, i) => Math.sin(i) * (i < 128 ? 1 : i < 256 ? 10 : 0));
    const { scales, codes } = quantize(values, 300);
    const largest = (from: number): number => Math.max(...values.slice(from, from + BLOCK).map(Math.abs));
    expect(scales[0]! / (largest(0) / 127)).toBeCloseTo(1, 3);
    expect(scales[1]! / (largest(128) / 127)).toBeCloseTo(1, 3);
    expect(scales[2]).toBe(0);
    expect([...codes.subarray(256)]).toEqual(Array(44).fill(128));
    expect(Math.min(...codes)).toBeGreaterThanOrEqual(1);
  });

  it.each([70_000, Number.POSITIVE_INFINITY, Number.NaN])('refuses %s', (value) => {
    const values = new Float32Array(40);
    values[33] = value;
    const source = { buffer: values.buffer, byteOffset: 0, count: 40 };
    expect(quantizeRows('F32', source, { buffer: new ArrayBuffer(160), codesAt: 0, scalesAt: 80, width: 40 })).toBe(
      false,
    );
  });

  it('reads 16-bit weights as what they are', () => {
    const values = Float32Array.from({ length: 48 }, (_, i) => Math.cos(i * i) / 7);
    for (const [dtype, narrow] of [
      ['BF16', float32ToBf16],
      ['F16', float32ToFp16],
    ] as const) {
      const bits = new Uint16Array(48);
      narrow(values, bits);
      const exact = Float32Array.from(decodeNaively(dtype, new Uint8Array(bits.buffer)));
      const [a, b] = [new ArrayBuffer(192), new ArrayBuffer(192)];
      const to = { codesAt: 0, scalesAt: 96, width: 24 };
      quantizeRows(dtype, { buffer: bits.buffer, byteOffset: 0, count: 48 }, { buffer: a, ...to });
      quantizeRows('F32', { buffer: exact.buffer, byteOffset: 0, count: 48 }, { buffer: b, ...to });
      expect(new Uint8Array(a)).toEqual(new Uint8Array(b));
    }
  });
});

describe('packed with int8 experts', () => {
  const folders = modelAndCache();
  const pack = (config = SMALL, precision = INT8): Promise<PackedModel> =>
    packCheckpoint({ folder: folders.model.path, config, precision, cacheRoot: folders.cache.path });
  const bytesOf = ({ folder, weightsFile, tensors }: PackedModel, name: string): Uint8Array => {
    const { offset, byteLength } = tensors.get(name)!;
    return new Uint8Array(readFileSync(path.join(folder, weightsFile)).subarray(offset, offset + byteLength));
  };

  it.each([
    ['sizes below a group and a block', SMALL],
    ['whole groups, several blocks', { ...SMALL, hiddenSize: 272, moeIntermediateSize: 48 }],
    ['a block and a part of a group', { ...SMALL, hiddenSize: 136, moeIntermediateSize: 130 }],
  ])('every weight is within half a step, every other tensor as without: %s', async (_, config) => {
    const tensors = tensorsOf(config, ['BF16', 'F16', 'BF16']);
    // Contents are any 16 bits: values of one size make the bound worth something.
    for (const [name, { dtype, bytes }] of tensors) {
      if (!name.includes('.experts.')) continue;
      for (let i = 1; i < bytes.length; i += 2) bytes[i] = (bytes[i]! & 0x83) | (dtype === 'BF16' ? 0x3c : 0x28);
    }
    writeShards(folders.model.path, tensors, 3);
    const packed = await pack(config);
    const expected = assembleNaively(config, (name) => {
      const { dtype, bytes } = tensors.get(name)!;
      return decodeNaively(dtype, bytes);
    });
    const plain = await pack(config, { stream: 'bf16', experts: 'f32' });
    expect(plain.folder).not.toBe(packed.folder);
    let quantized = 0;
    for (const [name, { shape }] of plain.tensors) {
      const own = packed.tensors.get(name)!;
      expect(own.shape).toEqual(shape);
      if (!name.includes('.experts_')) {
        expect(bytesOf(packed, name), name).toEqual(bytesOf(plain, name));
        continue;
      }
      quantized++;
      expect(own.dtype).toBe('u8');
      const width = shape.at(-1)!;
      const scales = packed.tensors.get(`${name}_scales`)!;
      expect([scales.dtype, ...scales.shape]).toEqual(['f16', ...shape.slice(0, -1), Math.ceil(width / BLOCK)]);
      const codes = bytesOf(packed, name);
      const values = decodeNaively('F16', bytesOf(packed, `${name}_scales`));
      expectWithinHalfAStep(expected.get(name)!, { codes, scales: values }, width);
    }
    expect(quantized).toBe(4);
    expect(packed.tensors.size).toBe(plain.tensors.size + 4);
    expect(await pack(config)).toEqual(packed);
  });

  it('does not depend on the blocks that it is read in', async () => {
    writeShards(folders.model.path, tensorsOf(SMALL, ['F16']), 2);
    const checkpoint = await openCheckpoint(folders.model.path);
    const plan = planPackedWeights(SMALL, INT8);
    const layout = layOut(plan, INT8);
    const write = async (blockElements: number): Promise<Buffer> => {
      const file = path.join(folders.cache.path, `${blockElements}.bin`);
      await writeWeights({ file, checkpoint, plan, layout, blockElements });
      return readFileSync(file);
    };
    const whole = await write(1_000_000);
    for (const elements of [1, 61, 200]) expect((await write(elements)).equals(whole), `${elements}`).toBe(true);
    await checkpoint.close();
  });

  it('names a tensor that cannot be quantised', async () => {
    const tensors = tensorsOf(SMALL, ['BF16']);
    const name = 'model.layers.1.mlp.experts.2.down_proj.weight';
    tensors.get(name)!.bytes.set(Buffer.from(Float32Array.of(-70_000).buffer).subarray(2), 0);
    writeSingle(folders.model.path, tensors);
    await expect(pack()).rejects.toThrow(CheckpointError);
    await expect(pack()).rejects.toThrow(`${name} has values beyond fp16, or not finite: they cannot be quantised`);
  });

  it('can be dummies, of the size that other dummies have', async () => {
    const config = { ...SMALL, hiddenSize: 256, moeIntermediateSize: 96 };
    const packed = await makeDummyWeights({ config, precision: INT8, cacheRoot: folders.cache.path });
    const name = 'layers.1.experts_gate_up';
    const codes = bytesOf(packed, name);
    const scales = decodeNaively('F16', bytesOf(packed, `${name}_scales`));
    expect(packed.tensors.get(name)!.dtype).toBe('u8');
    expect(Math.min(...scales)).toBeGreaterThanOrEqual(2 ** -12);
    expect(Math.max(...scales)).toBeLessThan(2 ** -11);
    const { values } = dequantize({ codes, scales }, 256);
    const size = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    expect(size).toBeGreaterThan(2 ** -6);
    expect(size).toBeLessThan(2 ** -5);
  });
});
