import koffi from 'koffi';
import type { CudaDevice } from '../../src/cuda/device.ts';
import type { CudaDriver } from '../../src/cuda/driver.ts';
import { SAMPLER_TENSORS, sampleLikeDevice, samplerViews, viewOf } from './sampling-oracle.ts';

/** What fresh memory holds, so that nobody relies on zeros that were not asked for. */
const POISON = 0xa5;
const STREAM = 99n;
/** Handles of the kernels. */
const SAMPLER = 1n;
const TAKE_TOKENS = 2n;

type Argument = number | bigint | string | ArrayBufferView;

/**
 * A GPU whose memory is the host's and that knows two kernels, the sampler and takeTokens. Allocations are separate blocks; a copy or an argument that
 * leaves its block is an error.
 */
export class FakeGpu {
  readonly stream = STREAM;
  readonly device = {
    computeCapability: [8, 0],
    driver: this.#driver(),
    synchronize: () => {},
  } as unknown as CudaDevice;
  readonly #blocks = new Map<bigint, number>();
  numLaunches = 0;
  /** Bytes that were copied to the host. */
  bytesDown = 0;

  get numBlocks(): number {
    return this.#blocks.size;
  }

  /** The block that holds the address, and where. */
  view(address: bigint): { readonly block: ArrayBuffer; readonly offset: number } {
    for (const [begin, bytes] of this.#blocks) {
      if (address < begin || address >= begin + BigInt(bytes)) continue;
      return { block: koffi.view(begin, bytes), offset: Number(address - begin) };
    }
    throw new Error(`there is no memory at ${address}`);
  }

  #driver(): CudaDriver {
    const call = (name: string, ...args: Argument[]): void => this.#call(name, args);
    return {
      call,
      pointer: (fill: (out: BigUint64Array) => void) => {
        const out = new BigUint64Array(1);
        fill(out);
        return out[0]!;
      },
      int: (fill: (out: Int32Array) => void) => {
        const out = new Int32Array(1);
        fill(out);
        return out[0]!;
      },
    } as unknown as CudaDriver;
  }

  #call(name: string, args: readonly Argument[]): void {
    switch (name) {
      case 'cuMemAlloc_v2': {
        const [out, bytes] = args as [BigUint64Array, number];
        const address: bigint = koffi.alloc('uint8_t', bytes);
        new Uint8Array(koffi.view(address, bytes)).fill(POISON);
        this.#blocks.set(address, bytes);
        out[0] = address;
        return;
      }
      case 'cuMemsetD8_v2': {
        const [address, value, bytes] = args as [bigint, number, number];
        this.#bytes(address, bytes).fill(value);
        return;
      }
      case 'cuMemFree_v2': {
        const [address] = args as [bigint];
        if (!this.#blocks.delete(address)) throw new Error('freed twice');
        koffi.free(address);
        return;
      }
      case 'cuMemcpyHtoDAsync_v2': {
        const [to, from, bytes, stream] = args as [bigint, Uint8Array, number, bigint];
        expectStream(stream);
        this.#bytes(to, bytes).set(new Uint8Array(from.buffer, from.byteOffset, bytes));
        return;
      }
      case 'cuMemcpyDtoHAsync_v2': {
        const [to, from, bytes, stream] = args as [Uint8Array, bigint, number, bigint];
        expectStream(stream);
        new Uint8Array(to.buffer, to.byteOffset, bytes).set(this.#bytes(from, bytes));
        this.bytesDown += bytes;
        return;
      }
      case 'cuLaunchKernelEx':
        if (args[1] === TAKE_TOKENS) this.#takeTokens(args[3] as BigUint64Array);
        else this.#sample(args[3] as BigUint64Array);
        return;
      case 'cuModuleGetFunction':
        (args[0] as BigUint64Array)[0] = args[2] === 'takeTokens' ? TAKE_TOKENS : SAMPLER;
        return;
      case 'cuMemcpyDtoH_v2': // a constant of the module
      case 'cuModuleLoadData':
      case 'cuModuleUnload':
      case 'cuModuleGetGlobal_v2':
      case 'cuFuncSetAttribute':
      case 'cuCtxSynchronize':
        return;
      default:
        throw new Error(`the fake GPU has no ${name}`);
    }
  }

  #bytes(address: bigint, length: number): Uint8Array {
    const { block, offset } = this.view(address);
    return new Uint8Array(block, offset, length);
  }

  /** As kernels/portable/take-tokens.cu says. */
  #takeTokens(extra: BigUint64Array): void {
    const bytes = new DataView(koffi.view(extra[1]!, 28));
    const viewAt = (index: number) => this.view(bytes.getBigUint64(8 * index, true));
    const [ids, sources, chosen] = [viewAt(0), viewAt(1), viewAt(2)];
    const count = bytes.getInt32(24, true);
    const tokenIds = new BigInt64Array(ids.block, ids.offset, count);
    const chosenIds = new Int32Array(chosen.block, chosen.offset);
    new Int32Array(sources.block, sources.offset, count).forEach((source, token) => {
      if (source >= 0) tokenIds[token] = BigInt(Math.max(0, chosenIds[source]!));
    });
  }

  /** The sampler's arguments: its tensors, two addresses that it does not need here, and six numbers. */
  #sample(extra: BigUint64Array): void {
    this.numLaunches++;
    const names = Object.keys(SAMPLER_TENSORS);
    const numAddresses = names.length + 2;
    const bytes = new DataView(koffi.view(extra[1]!, 8 * numAddresses + 24));
    const numberAt = (index: number): number => bytes.getInt32(8 * numAddresses + 4 * index, true);
    const [numRows, width] = [numberAt(0), numberAt(1)];
    const views = samplerViews((name, type) => {
      const { block, offset } = this.view(bytes.getBigUint64(8 * names.indexOf(name), true));
      return viewOf(block, type, offset, Math.floor((block.byteLength - offset) / (type === 'i64' ? 8 : 4)));
    });
    if (numberAt(4) !== 20 || numberAt(5) !== 1)
      throw new Error('the lists have another width, or the bias comes last');
    sampleLikeDevice(views, numRows, width);
  }
}

function expectStream(stream: bigint): void {
  if (stream !== STREAM) throw new Error('a copy is on another stream');
}
