import { describe, expect, it } from 'vitest';
import type { CudaDevice } from '../../src/cuda/device.ts';
import type { Pointer } from '../../src/cuda/driver.ts';
import { CudaOps } from '../../src/cuda/ops/cuda-ops.ts';
import { type KvCacheDtype, latentRow } from '../../src/deepseek-v2/latent-row.ts';
import type { KernelContext, KernelTensor } from '../../src/onnxruntime/custom-op.ts';

/** A driver without a GPU: it knows the kernels and constants that the loaded files name, and no others. */
class NamingDriver {
  readonly #images: Buffer[] = [];
  readonly launched: string[] = [];
  readonly #functions: string[] = [];

  call(name: string, ...args: unknown[]): void {
    const out = args[0] as BigUint64Array;
    switch (name) {
      case 'cuModuleLoadData':
        out[0] = BigInt(this.#images.push(args[1] as Buffer) - 1);
        return;
      case 'cuModuleGetFunction':
        this.#require(args[1] as Pointer, args[2] as string);
        out[0] = BigInt(this.#functions.push(args[2] as string) - 1);
        return;
      case 'cuModuleGetGlobal_v2':
        this.#require(args[2] as Pointer, args[3] as string);
        return;
      case 'cuLaunchKernelEx':
        this.launched.push(this.#functions[Number(args[1])]!);
    }
  }

  pointer(fill: (out: BigUint64Array) => void): Pointer {
    const out = new BigUint64Array(1);
    fill(out);
    return out[0]!;
  }

  int(fill: (out: Int32Array) => void): number {
    fill(new Int32Array(1));
    return 0;
  }

  #require(module: Pointer, name: string): void {
    // A name ends where the string table of machine code, or the parameter list of PTX, goes on.
    const image = this.#images[Number(module)]!;
    if (!image.includes(`${name}\0`) && !image.includes(`${name}(`)) throw new Error(`no kernel file has ${name}`);
  }
}

interface Case {
  readonly choice: 'auto' | 'portable';
  readonly stream: 'f32' | 'f16' | 'bf16';
  readonly kvCacheDtype: KvCacheDtype;
  readonly heads: number;
}

/** Kernels that one layer's attention launches in a step of two decodes and a chunk of 5 tokens. */
function launchedBy({ choice, stream, kvCacheDtype, heads }: Case): string[] {
  const driver = new NamingDriver();
  const device = { driver, computeCapability: [9, 0], numMultiprocessors: 132 } as unknown as CudaDevice;
  const row = latentRow({ kvLoraRank: 512, qkRopeHeadDim: 64 }, stream, kvCacheDtype);
  using ops = new CudaOps(device, stream, choice, row.type);
  const numTokens = 7;
  const run = (name: string, attributes: Record<string, number>, shapes: readonly number[][]): void => {
    const op = ops.all.find((each) => each.name === name)!;
    const tensor = (type: string, shape: readonly number[]) =>
      ({ shape, elementType: type, pointer: 4096n }) as unknown as KernelTensor;
    op.compute({
      attributes,
      gpuStream: 1n,
      input: (index: number) => tensor(op.inputs[index]!.type, shapes[index]!),
      output: (index: number, shape: readonly number[]) => tensor(op.outputs[index]!.type, shape),
    } as unknown as KernelContext);
  };
  const pool = [640, row.columns];
  const [first, sequences, table] = [[4], [3], [3, 2]];
  const width = heads * 192 + 576;
  ops.beginStep(2);
  const offsets = { kv_offset: heads * 192, q_offset: heads * 128, epsilon: 1e-6 };
  const latents = [[numTokens, width], [numTokens, width], [512], [numTokens, 32], [numTokens, 32], [numTokens], pool];
  run('LatentWrite', { heads, rope: 64, ...offsets }, latents);
  run('AttentionPlan', { heads, rank: 512, rope: 64, page_size: 64 }, [first, sequences]);
  const queries = [[heads, numTokens, 512], [numTokens, heads, 64], pool, first, sequences, table, [1], [1], [1]];
  run('PagedAttention', { page_size: 64, scale: 1 }, queries);
  return driver.launched;
}

describe('the kernels of attention', () => {
  it.each<Case & { kernels: string[] }>([
    {
      choice: 'auto',
      stream: 'bf16',
      kvCacheDtype: 'fp8',
      heads: 16,
      kernels: ['latentWriteFp8', 'attentionPlan', 'attentionDecode16Fp8', 'attentionCombine', 'attentionChunksFp8'],
    },
    {
      choice: 'auto',
      stream: 'f16',
      kvCacheDtype: 'fp8',
      heads: 128,
      kernels: ['latentWriteFp8', 'attentionPlan', 'attentionDecode64Fp8', 'attentionCombine', 'attentionChunksFp8'],
    },
    {
      choice: 'auto',
      stream: 'bf16',
      kvCacheDtype: 'auto',
      heads: 16,
      kernels: ['latentWrite', 'attentionPlan', 'attentionDecode16', 'attentionCombine', 'attentionChunks'],
    },
    {
      choice: 'portable',
      stream: 'bf16',
      kvCacheDtype: 'fp8',
      heads: 16,
      kernels: ['portableLatentWriteFp8', 'portableAttentionFp8'],
    },
    {
      choice: 'auto',
      stream: 'f32',
      kvCacheDtype: 'fp8',
      heads: 16,
      kernels: ['portableLatentWriteFp8', 'portableAttentionFp8'],
    },
  ])('$choice, $stream, latents $kvCacheDtype, $heads heads: are in their files', ({ kernels, ...asked }) => {
    const suffix = `_${asked.stream}`;
    expect(launchedBy(asked)).toEqual(kernels.map((name) => (name === 'attentionPlan' ? name : name + suffix)));
  });
});
