import type { Pointer } from '../driver.ts';
import type { GpuKernels } from './gpu-kernels.ts';

/** What kernels/hopper/attention-fresh.cu is written for. */
const NOPE = 128;
const ROPE = 64;
const VALUE = 128;
/** Query rows of an item; rows of the boxes that the copy engine brings. */
const TILE = 128;
const FILE = 'hopper-attention-fresh.cubin';
const ELEMENT_BYTES = 2;
/** Rows of a matrix for the copy engine begin at multiples of 16 bytes. */
const ROW_MULTIPLE = 8;
const I32_BYTES = 4;
/** Of the fresh chunks, from which on they go this way. Below, either way takes some 20 us a layer (estimated, not measured). */
const MIN_TOKENS = 256;

export interface FreshSizes {
  /** Of the fresh chunks. */
  readonly numTokens: number;
  readonly nope: number;
  readonly rope: number;
  /** Of one head's value. */
  readonly value: number;
  /** Elements from row to row of the queries, and of the latents. */
  readonly strides: readonly number[];
}

/** Whether the step's fresh chunks attend to keys and values that are expanded for every head. */
export function takesFreshAttention(
  kernels: GpuKernels,
  { numTokens, nope, rope, value, strides }: FreshSizes,
): boolean {
  const isShape = nope === NOPE && rope === ROPE && value === VALUE;
  const isAligned = strides.every((stride) => stride % ROW_MULTIPLE === 0);
  return kernels.hopperType !== null && isShape && isAligned && numTokens >= MIN_TOKENS;
}

/** A matrix with one row a token of the step, and the column where the wanted part begins. */
export interface TokenRows {
  readonly address: Pointer;
  readonly stride: number;
  readonly firstColumn: number;
}

export interface FreshStep {
  readonly numTokens: number;
  readonly numSequences: number;
  readonly heads: number;
  readonly scale: number;
  /** Parts without rotary position of all heads. */
  readonly queries: TokenRows;
  /** [T, heads * 64], rotated. */
  readonly rotary: Pointer;
  /** [T, heads * 128] */
  readonly keys: Pointer;
  /** The rotated key that all heads share. */
  readonly rotaryKeys: TokenRows;
  /** [T, heads * 128] */
  readonly values: Pointer;
  /** i32 [S + 1] */
  readonly firstTokens: Pointer;
  /** [T, heads * 128]; rows of other tokens are left alone. */
  readonly out: Pointer;
}

/** Causal attention of the step's fresh chunks. */
export function launchFreshAttention(kernels: GpuKernels, step: FreshStep, stream: Pointer): void {
  const { hopperType, tensorMaps, device } = kernels;
  const { firstFreshSequence, firstFreshToken } = kernels.step;
  const { numTokens, heads, queries, rotaryKeys } = step;
  const numChunks = step.numSequences - firstFreshSequence;
  const module = kernels.modules.get(FILE);
  const name = `attentionFresh_${hopperType}`;
  const matrices = [
    [queries.address, queries.stride],
    [step.rotary, heads * ROPE],
    [step.keys, heads * NOPE],
    [rotaryKeys.address, rotaryKeys.stride],
    [step.values, heads * VALUE],
  ] as const;
  // No more blocks than there can be items.
  const items = heads * (Math.floor((numTokens - firstFreshToken) / TILE) + numChunks);
  const blocks = Math.min(device.numMultiprocessors, items);
  const launch = { grid: [blocks], block: 384, shared: module.sharedBytes('attentionFresh'), stream } as const;
  module.launch(name, launch, (into) => {
    matrices.forEach(([address, columns], index) => {
      const map = tensorMaps.get({ address, rows: numTokens, columns, type: hopperType! }, TILE);
      into.bytes(map, module.parameterOffset(name, index));
    });
    into
      .pointers(step.firstTokens + BigInt(I32_BYTES * firstFreshSequence), step.out)
      .ints(numChunks, heads, queries.firstColumn, rotaryKeys.firstColumn)
      .float(step.scale);
  });
}

/** Address of the part of a matrix that begins with the step's first fresh chunk. */
export function freshRows(kernels: GpuKernels, address: Pointer, stride: number): Pointer {
  return address + BigInt(kernels.step.firstFreshToken * stride * ELEMENT_BYTES);
}
