// The fused operators against their definitions in double precision, through the same calls that ONNX Runtime makes.
import type { CudaDevice } from '../../src/cuda/device.ts';
import type { StreamType } from '../../src/cuda/element-types.ts';
import { CudaOps } from '../../src/cuda/ops/cuda-ops.ts';
import type { KernelChoice } from '../../src/cuda/ops/gpu-kernels.ts';
import type { CustomOp } from '../../src/onnxruntime/custom-op.ts';
import { DeviceContext, type DeviceTensor } from './device-context.ts';

type Report = (name: string, isOk: boolean, detail: string) => void;

const TOLERANCE = { f32: 3e-6, f16: 2e-3, bf16: 1.2e-2 } as const;
const EPSILON = 1e-6;

/** Tokens, and sizes that take 16-byte accesses and those that do not. */
const STEPS = [1, 3, 33, 300] as const;
const WIDTHS = [100, 33, 2816] as const;
const COLUMNS = [
  { stride: 96, width: 96 },
  { stride: 2112, width: 1536 },
  { stride: 40, width: 24 },
  { stride: 41, width: 24 },
  { stride: 9000, width: 8960 },
] as const;
const ROUTERS = [
  { hidden: 96, experts: 5 },
  { hidden: 2048, experts: 64 },
] as const;
const ATTENTIONS = [
  { heads: 3, nope: 7, rank: 28, width: 6, offset: 5 },
  { heads: 16, nope: 128, rank: 512, width: 128, offset: 0 },
] as const;

class FusedChecks {
  readonly #context: DeviceContext;
  readonly #ops: readonly CustomOp[];
  readonly #type: StreamType;
  readonly #label: string;
  readonly #report: Report;

  constructor(context: DeviceContext, ops: CudaOps, type: StreamType, choice: KernelChoice, report: Report) {
    this.#context = context;
    this.#ops = ops.all;
    this.#type = type;
    this.#label = `${type}, ${choice} kernels`;
    this.#report = report;
  }

  addNorm(numTokens: number, hidden: number): void {
    const [residual, x] = [this.#random(numTokens, hidden), this.#random(numTokens, hidden)];
    const weight = this.#random(1, hidden);
    const [normed, sum] = this.#run('AddNorm', { epsilon: EPSILON }, [residual, { ...weight, shape: [hidden] }, x]);
    const parts = [residual, x].map((tensor) => this.#context.read(tensor));
    const name = `AddNorm, ${numTokens} x ${hidden}`;
    this.#verify(`${name}: sum`, sum!, (token, column) =>
      parts.reduce((total, values) => total + values[token * hidden + column]!, 0),
    );
    this.#verifyNorm(`${name}: norm`, normed!, sum!, weight);
  }

  rmsNorm(numTokens: number, { stride, width }: (typeof COLUMNS)[number]): void {
    const x = this.#random(numTokens, stride);
    const weight = this.#random(1, width);
    const [normed] = this.#run('RmsNorm', { epsilon: EPSILON }, [x, { ...weight, shape: [width] }]);
    this.#verifyNorm(`RmsNorm, ${numTokens} x ${width} of ${stride}`, normed!, x, weight);
  }

  rotaryTables(numTokens: number, half: number): void {
    // As far as positions go in the longest of contexts.
    const positions = Array.from({ length: numTokens }, (_, i) =>
      i === 0 ? 163_839 : Math.floor(4096 * Math.random()),
    );
    const frequencies = this.#context.tensorOf(
      'f32',
      [half],
      Float32Array.from({ length: half }, (_, i) => 10_000 ** (-i / half)),
    );
    const inputs = [this.#context.tensor('i64', [numTokens], BigInt64Array.from(positions, BigInt)), frequencies];
    const tables = this.#run('RotaryTables', { factor: 0.75 }, inputs);
    const radians = this.#context.read(frequencies);
    [Math.cos, Math.sin].forEach((ofAngle, i) => {
      this.#verify(`RotaryTables, ${numTokens} x ${half}: ${ofAngle.name}`, tables[i]!, (token, column) => {
        return 0.75 * ofAngle(Math.fround(positions[token]! * radians[column]!));
      });
    });
  }

  routerLogits(numTokens: number, { hidden, experts }: { hidden: number; experts: number }): void {
    const x = this.#random(numTokens, hidden);
    const weights = this.#random(experts, hidden, 'f32');
    const [logits] = this.#run('RouterLogits', {}, [x, weights]);
    const [rows, columns] = [this.#context.read(x), this.#context.read(weights)];
    this.#verify(`RouterLogits, ${numTokens} x ${hidden} x ${experts}`, logits!, (token, expert) => {
      let sum = 0;
      for (let i = 0; i < hidden; i++) sum += rows[token * hidden + i]! * columns[expert * hidden + i]!;
      return sum;
    });
  }

  products(numTokens: number, { heads, nope, rank, width, offset }: (typeof ATTENTIONS)[number]): void {
    const stride = offset + heads * nope + (offset === 0 ? 64 : 9); // rows of whole accesses, and others
    const q = this.#random(numTokens, stride);
    const keys = { ...this.#random(heads * nope, rank), shape: [heads, nope, rank] };
    const values = { ...this.#random(heads * width, rank), shape: [heads, width, rank] };
    const nothing = { ...this.#random(1, 1), shape: [1] };
    const [absorbed] = this.#run('AttentionOperands', { q_offset: offset }, [q, nothing, keys, values]);
    const [queries, ofKeys] = [this.#context.read(q), this.#context.read(keys)];
    const name = `${numTokens} tokens, ${heads} heads, ${nope} x ${rank} x ${width}`;
    const flat = { ...absorbed!, shape: [heads * numTokens, rank] };
    this.#verify(`AttentionOperands, ${name}`, flat, (row, column) => {
      const [head, token] = [Math.floor(row / numTokens), row % numTokens];
      let sum = 0;
      for (let i = 0; i < nope; i++) {
        sum += queries[token * stride + offset + head * nope + i]! * ofKeys[(head * nope + i) * rank + column]!;
      }
      return sum;
    });
  }

  /** `normed` against the norm of the first columns of x. */
  #verifyNorm(name: string, normed: DeviceTensor, x: DeviceTensor, weight: DeviceTensor): void {
    const [numTokens, stride] = x.shape as [number, number];
    const width = normed.shape[1]!;
    const [values, factors] = [this.#context.read(x), this.#context.read(weight)];
    const rows = Array.from({ length: numTokens }, (_, token) =>
      values.subarray(token * stride, token * stride + width),
    );
    const scales = rows.map(
      (row) => 1 / Math.sqrt(row.reduce((total, value) => total + value * value, 0) / width + EPSILON),
    );
    this.#verify(name, normed, (token, column) => rows[token]![column]! * scales[token]! * factors[column]!);
  }

  #run(name: string, attributes: Record<string, number>, inputs: readonly DeviceTensor[]): DeviceTensor[] {
    const op = this.#ops.find((candidate) => candidate.name === name)!;
    return this.#context.run(op, attributes, inputs);
  }

  #random(rows: number, columns: number, type = this.#type): DeviceTensor {
    const values = Float32Array.from({ length: rows * columns }, () => 4 * Math.random() - 2);
    return this.#context.tensorOf(type, [rows, columns], values);
  }

  #verify(name: string, tensor: DeviceTensor, wanted: (row: number, column: number) => number): void {
    const columns = tensor.shape[1]!;
    let [difference, norm] = [0, 0];
    this.#context.read(tensor).forEach((value, i) => {
      const expected = wanted(Math.floor(i / columns), i % columns);
      difference += (value - expected) ** 2;
      norm += expected ** 2;
    });
    const error = Math.sqrt(difference / norm);
    const bound = TOLERANCE[tensor.type as StreamType];
    this.#report(`${name}, ${this.#label}`, error < bound, `relative error ${error.toExponential(1)}`);
  }
}

/** All fused operators, in every type of the stream, with the kernels of this GPU and with the portable ones. */
export function verifyFused(device: CudaDevice, report: Report): void {
  for (const type of ['f32', 'f16', 'bf16'] as const) {
    for (const choice of ['auto', 'portable'] as const) {
      using context = new DeviceContext(device);
      using ops = new CudaOps(device, type, choice);
      const checks = new FusedChecks(context, ops, type, choice, report);
      for (const numTokens of STEPS) {
        for (const width of WIDTHS) {
          checks.addNorm(numTokens, width);
        }
        for (const columns of COLUMNS) checks.rmsNorm(numTokens, columns);
        for (const half of [3, 32]) checks.rotaryTables(numTokens, half);
        for (const router of ROUTERS) checks.routerLogits(numTokens, router);
        for (const attention of ATTENTIONS) if (numTokens < 100) checks.products(numTokens, attention);
      }
    }
  }
}
