import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import type { Launch } from '../launch-configuration.ts';
import { launchFused } from './fused-kernels.ts';
import type { GpuKernels } from './gpu-kernels.ts';

/** Columns that a lane takes at a time. */
const COLUMNS = 4;
/** Tokens x experts that one block of the kernels for few tokens computes, the larger first. */
const TILES = [
  [8, 8],
  [8, 4],
  [8, 1],
] as const;
const SMALLEST_LARGE_TILE = 8;
const LARGE_TILE = 32;
/** Blocks from which on a tile is preferred to a smaller one, which reads more: some three quarters of a large GPU's multiprocessors. */
const ENOUGH_BLOCKS = 96;
/** The same for the largest tile, whose blocks fill a multiprocessor each. */
const ENOUGH_LARGE_BLOCKS = 48;

/**
 * RouterLogits: the router's product in float32, whatever the stream's type (kernels/portable/router-logits.cuh).
 *
 * Inputs: x [T, hidden], weights f32 [experts, hidden]. Output: logits f32 [T, experts].
 */
export function routerLogitsOp(kernels: GpuKernels): CustomOp {
  const { type } = kernels;
  return {
    name: 'RouterLogits',
    provider: 'cuda',
    inputs: [{ type }, { type: 'f32' }],
    outputs: [{ type: 'f32' }],
    compute(context) {
      const [x, weights] = [context.input(0), context.input(1)];
      const [numTokens, hidden] = x.shape as [number, number];
      const experts = weights.shape[0]!;
      const logits = context.output(0, [numTokens, experts]);
      const { suffix, grid, block } = chooseTile(numTokens, experts, hidden);
      launchFused(kernels, `routerLogits_${type}_${suffix}`, { grid, block, stream: context.gpuStream }, (into) =>
        into.pointers(x.pointer, weights.pointer, logits.pointer).ints(numTokens, experts, hidden),
      );
    },
  };
}

/** The kernel of a step. All of them give the same bits. */
function chooseTile(
  numTokens: number,
  experts: number,
  hidden: number,
): Pick<Launch, 'grid' | 'block'> & { readonly suffix: string } {
  const grid = (tokens: number, rows: number) => [Math.ceil(numTokens / tokens), Math.ceil(experts / rows)] as const;
  const isEnough = ([x, y]: readonly [number, number], blocks: number): boolean => x * y >= blocks;
  if (hidden % COLUMNS !== 0) return { suffix: 'any_1x1', grid: grid(1, 1), block: 128 };
  if (numTokens === 1) return { suffix: 'wide_1x1', grid: grid(1, 1), block: 128 };
  const large = grid(LARGE_TILE, LARGE_TILE);
  if (Math.min(numTokens, experts) >= SMALLEST_LARGE_TILE && isEnough(large, ENOUGH_LARGE_BLOCKS)) {
    return { suffix: 'wide_32x32', grid: large, block: 512 };
  }
  const [tokens, rows] = TILES.find(([t, e]) => isEnough(grid(t, e), ENOUGH_BLOCKS)) ?? TILES.at(-1)!;
  return { suffix: `wide_${tokens}x${rows}`, grid: grid(tokens, rows), block: 128 };
}
