import type { Pointer } from '../driver.ts';
import type { KernelArguments } from '../kernel-arguments.ts';
import type { GpuKernels } from './gpu-kernels.ts';

const FILE = 'hopper-head-products-few.cubin';
const THREADS = 128;
/** What the kernels are written for. */
const NOPE = 128;
const RANK = 512;
/** Of W_UK that a block absorbs with, and of W_UV that one expands with. */
const ABSORBED_COLUMNS = 64;
const EXPANDED_COLUMNS = 16;
/** Tokens that a warp takes at once. */
const TOKENS = 16;
/** Beyond either cuBLAS is as fast (measured on an H200). */
const MAX_TOKENS = 64;
const MAX_HEAD_TOKENS = 2048;
/** Blocks that are worth having to themselves what they multiply: about what the multiprocessors hold at once. */
const MAX_BLOCKS = 512;
/** Addresses and rows are whole accesses of 16 bytes. */
const ACCESS_BYTES = 16;
const ELEMENT_BYTES = 2;

/** Queries times W_UK, head by head. */
export interface Absorption {
  readonly heads: number;
  readonly nope: number;
  readonly rank: number;
  readonly numTokens: number;
  /** Its first [heads * nope] values, and elements from row to row. */
  readonly q: Pointer;
  readonly stride: number;
  readonly keys: Pointer;
  /** [heads, numTokens, rank] */
  readonly absorbed: Pointer;
}

/** Weighted latents times W_UV, head by head. */
export interface Expansion {
  readonly heads: number;
  /** Of a head's values. */
  readonly width: number;
  readonly rank: number;
  readonly numTokens: number;
  readonly latents: Pointer;
  readonly values: Pointer;
  /** [numTokens, heads * width] */
  readonly rows: Pointer;
}

/** Whether absorbKeys of kernels/hopper/head-products-few.cu is taken. */
export function takesFewAbsorption(
  kernels: GpuKernels,
  { heads, nope, rank, numTokens, q, stride }: Omit<Absorption, 'absorbed'>,
): boolean {
  const isAligned = q % BigInt(ACCESS_BYTES) === 0n && (stride * ELEMENT_BYTES) % ACCESS_BYTES === 0;
  return kernels.hopperType !== null && isAligned && nope === NOPE && rank === RANK && areFew(heads, numTokens);
}

/** Whether expandValues of kernels/hopper/head-products-few.cu is taken. */
export function takesFewExpansion(kernels: GpuKernels, { heads, width, rank, numTokens }: Expansion): boolean {
  const fits = width % EXPANDED_COLUMNS === 0 && rank === RANK;
  return kernels.hopperType !== null && fits && areFew(heads, numTokens);
}

function areFew(heads: number, numTokens: number): boolean {
  return numTokens <= MAX_TOKENS && heads * numTokens <= MAX_HEAD_TOKENS;
}

export function launchFewAbsorption(kernels: GpuKernels, product: Absorption, stream: Pointer): void {
  const { heads, numTokens, q, stride, keys, absorbed } = product;
  launch(kernels, 'absorbKeysFew', { tiles: RANK / ABSORBED_COLUMNS, heads, numTokens }, stream, (into) =>
    into.pointers(q, keys, absorbed).ints(numTokens, stride),
  );
}

export function launchFewExpansion(kernels: GpuKernels, product: Expansion, stream: Pointer): void {
  const { heads, width, numTokens, latents, values, rows } = product;
  launch(kernels, 'expandValuesFew', { tiles: width / EXPANDED_COLUMNS, heads, numTokens }, stream, (into) =>
    into.pointers(latents, values, rows).ints(numTokens, width),
  );
}

function launch(
  { modules, hopperType }: GpuKernels,
  name: string,
  { tiles, heads, numTokens }: { readonly tiles: number; readonly heads: number; readonly numTokens: number },
  stream: Pointer,
  fill: (into: KernelArguments) => unknown,
): void {
  const shares = Math.max(1, Math.min(Math.ceil(numTokens / TOKENS), Math.floor(MAX_BLOCKS / (tiles * heads))));
  const grid = [tiles, heads, shares] as const;
  modules.get(FILE).launch(`${name}_${hopperType}`, { grid, block: THREADS, stream, overlapsPrevious: true }, fill);
}
