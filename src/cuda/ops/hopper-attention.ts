import type { Pointer } from '../driver.ts';
import type { KernelArguments } from '../kernel-arguments.ts';
import type { KernelModule } from '../kernel-module.ts';
import type { GpuKernels } from './gpu-kernels.ts';

/** What kernels/hopper/attention.cuh is written for. */
const RANK = 512;
const ROPE = 64;
const PAGE_SIZE = 64;
const ELEMENT_BYTES = 2;
const HEADS_MULTIPLE = 16;
/** Query rows of a decoding sequence up to which 16 of them share a block; beyond, 64. */
const MAX_ROWS_BY_16 = 32;
const PLAN_HEADER = 4;
const DECODE_FILE = 'hopper-attention-decode.cubin';
const DECODE_CODES_FILE = 'hopper-attention-decode-codes.cubin';
const ROWS64_FILE = 'hopper-attention-rows64.cubin';
const COMBINE_THREADS = 512;
const I32_BYTES = 4;

export interface AttentionSizes {
  readonly heads: number;
  readonly rank: number;
  readonly rope: number;
  readonly pageSize: number;
}

/** Whether the Hopper kernels take a model's attention. */
export function fitsHopperAttention(kernels: GpuKernels, { heads, rank, rope, pageSize }: AttentionSizes): boolean {
  const isShape = rank === RANK && rope === ROPE && pageSize === PAGE_SIZE && heads % HEADS_MULTIPLE === 0;
  return kernels.hopperType !== null && isShape;
}

/** How decoding is spread over the GPU; depends on nothing that differs between steps. */
export interface DecodeSplit {
  /** Query rows of a sequence, one token each. */
  readonly heads: number;
  /** Blocks that look at the same keys for other rows. */
  readonly groups: number;
  /** Blocks that share the keys of all sequences. */
  readonly blocks: number;
}

export function decodeSplit(kernels: GpuKernels, heads: number): DecodeSplit {
  const groups = Math.ceil(heads / (heads <= MAX_ROWS_BY_16 ? 16 : 64));
  return { heads, groups, blocks: Math.max(1, Math.floor(kernels.device.numMultiprocessors / groups)) };
}

/** i32 elements of the plan, and floats of the partial results and of their log-sum-exps. */
export function planSizes({ heads, blocks }: DecodeSplit, numDecodes: number): { plan: number; partials: number } {
  return { plan: PLAN_HEADER + 4 * blocks + numDecodes + 1, partials: 2 * blocks * heads * (RANK + 1) };
}

export interface PlanPointers {
  readonly firstTokens: Pointer;
  readonly contextLengths: Pointer;
  readonly lengths: Pointer;
  readonly plan: Pointer;
}

/** Lengths of all sequences, and the split of the decoding ones. Once a step. */
export function launchPlan(
  kernels: GpuKernels,
  { blocks }: DecodeSplit,
  numSequences: number,
  { firstTokens, contextLengths, lengths, plan }: PlanPointers,
  stream: Pointer,
): void {
  const module = kernels.modules.get(DECODE_FILE);
  module.launch('attentionPlan', { grid: [1], block: 1024, stream }, (into) =>
    into.pointers(firstTokens, contextLengths, lengths, plan).ints(numSequences, kernels.step.numDecodes, blocks),
  );
  // Attention reads the plan before it waits for the kernel ahead.
  module.launch('attentionPlanned', { grid: [1], block: 1, stream }, (into) => into.pointers(plan));
}

export interface AttentionStep {
  readonly numTokens: number;
  readonly numSequences: number;
  readonly maxBlocks: number;
  readonly scale: number;
  /** Of slots, in their order. */
  readonly pool: Pointer;
  readonly numSlots: number;
  /** Bytes of a slot. */
  readonly slotBytes: number;
  readonly absorbed: Pointer;
  readonly rotary: Pointer;
  readonly firstTokens: Pointer;
  readonly blockTable: Pointer;
  readonly lengths: Pointer;
  readonly plan: Pointer;
  readonly partials: Pointer;
  readonly out: Pointer;
}

/** Attention of one layer: decoding sequences first, then chunks and the tokens of no sequence. */
export function launchHopperAttention(kernels: GpuKernels, heads: number, step: AttentionStep, stream: Pointer): void {
  if (kernels.step.numDecodes > 0) launchDecode(kernels, decodeSplit(kernels, heads), step, stream);
  if (step.numTokens > kernels.step.numDecodes) launchChunks(kernels, heads, step, stream);
}

/**
 * Writes the arguments that come first: the pool as a matrix of 16-bit values, and its address where a slot is more than a
 * row of those.
 */
function writePool(
  into: KernelArguments,
  { tensorMaps, hopperType, code }: GpuKernels,
  { pool, numSlots, slotBytes }: AttentionStep,
  { module, name }: { readonly module: KernelModule; readonly name: string },
): KernelArguments {
  const matrix = { address: pool, rows: numSlots, columns: slotBytes / ELEMENT_BYTES, type: hopperType! };
  into.bytes(tensorMaps.get(matrix, PAGE_SIZE), module.parameterOffset(name, 0));
  return code === null ? into : into.pointers(pool);
}

function launchDecode(
  kernels: GpuKernels,
  { heads, groups, blocks }: DecodeSplit,
  step: AttentionStep,
  stream: Pointer,
): void {
  const { modules, hopperType, code, poolSuffix } = kernels;
  const { numDecodes } = kernels.step;
  const isBy16 = heads <= MAX_ROWS_BY_16;
  const logSumExps = step.partials + BigInt(4 * 2 * blocks * heads * RANK);
  const by16File = code === null ? DECODE_FILE : DECODE_CODES_FILE;
  const module = modules.get(isBy16 ? by16File : ROWS64_FILE);
  const shared = module.sharedBytes(`attention${isBy16 ? 'Decode16' : 'Rows64'}${poolSuffix}`);
  const name = `attentionDecode${isBy16 ? 16 : 64}${poolSuffix}_${hopperType}`;
  module.launch(name, { grid: [blocks, groups], block: 384, shared, stream, overlapsPrevious: true }, (into) =>
    writePool(into, kernels, step, { module, name })
      .pointers(step.absorbed, step.rotary, step.blockTable, step.lengths, step.plan, step.out)
      .pointers(step.partials, logSumExps)
      .ints(step.numTokens, 1, heads, step.maxBlocks)
      .float(step.scale),
  );
  if (blocks === 1) return;
  // Few sequences: a block each. Many: a block for each place where one may have been cut.
  const byBoundary = numDecodes > blocks - 1;
  const [rowsOfBlock, columnBlocks] = numDecodes >= 32 ? [4, 1] : [1, 4];
  modules.get(DECODE_FILE).launch(
    `attentionCombine_${hopperType}`,
    {
      grid: [heads / rowsOfBlock, byBoundary ? blocks - 1 : numDecodes, columnBlocks],
      block: COMBINE_THREADS,
      stream,
      overlapsPrevious: true,
    },
    (into) =>
      into
        .pointers(step.plan, step.partials, logSumExps, step.out)
        .ints(byBoundary ? 1 : 0, rowsOfBlock, step.numTokens, 1, heads, step.maxBlocks)
        .float(step.scale),
  );
}

function launchChunks(kernels: GpuKernels, heads: number, step: AttentionStep, stream: Pointer): void {
  const { modules, hopperType, poolSuffix } = kernels;
  const { numDecodes } = kernels.step;
  const numChunks = step.numSequences - numDecodes;
  // At least one block for every 64 query rows of a chunk, and one that clears the tokens of no sequence.
  const blocks = Math.floor(((step.numTokens - numDecodes) * heads) / 64) + numChunks + 1;
  const skip = (pointer: Pointer, elements: number): Pointer => pointer + BigInt(I32_BYTES * elements);
  const module = modules.get(ROWS64_FILE);
  const shared = module.sharedBytes(`attentionRows64${poolSuffix}`);
  const name = `attentionChunks${poolSuffix}_${hopperType}`;
  module.launch(name, { grid: [blocks], block: 384, shared, stream }, (into) =>
    writePool(into, kernels, step, { module, name })
      .pointers(step.absorbed, step.rotary, skip(step.blockTable, numDecodes * step.maxBlocks))
      .pointers(skip(step.lengths, numDecodes), skip(step.firstTokens, numDecodes), step.out)
      .ints(step.numTokens, numChunks, heads, step.maxBlocks)
      .float(step.scale),
  );
}
