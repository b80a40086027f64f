import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import type { Launch } from '../launch-configuration.ts';
import { launchFused } from './fused-kernels.ts';
import type { GpuKernels } from './gpu-kernels.ts';

/** Columns that a lane of the kernels for few tokens takes at a time, and that an access of the one for many does. */
const COLUMNS = 4;
const ACCESS = 8;
/** Tokens and experts that a block computes: of the kernel for few tokens, and of that for many. */
const TILE = [8, 4] as const;
const LARGE_TILE = [32, 32] as const;
/** Blocks from which on the large tile is the faster one, although there are fewer of them than multiprocessors. */
const ENOUGH_LARGE_TILES = 84;
/** Dynamic shared memory of the large tile: three stretches of 128 columns of its rows, weights and tokens. */
const STRETCHES = 3 * 128;
const FLOAT_BYTES = 4;

const MANY_FILE = 'hopper-router-logits-many.cubin';
/** Tokens and experts of a block, and columns of a stretch. */
const MANY_TILE = 64;
const MANY_DEPTH = 64;
/** From here on its blocks fill half a large GPU. */
const MANY_TOKENS = 4096;

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
      if (takesMany(kernels, numTokens, hidden)) {
        const grid = [Math.ceil(numTokens / MANY_TILE), Math.ceil(experts / MANY_TILE)] as const;
        const module = kernels.modules.get(MANY_FILE);
        const shared = module.sharedBytes('routerLogitsMany');
        const launch = { grid, block: 256, shared, stream: context.gpuStream, overlapsPrevious: true };
        return module.launch('routerLogitsMany_bf16', launch, (into) =>
          into.pointers(x.pointer, weights.pointer, logits.pointer).ints(numTokens, experts, hidden),
        );
      }
      const { suffix, ...shape } = chooseTile(numTokens, experts, hidden, kernels.elementBytes);
      launchFused(kernels, `routerLogits_${type}_${suffix}`, { ...shape, stream: context.gpuStream }, (into) =>
        into.pointers(x.pointer, weights.pointer, logits.pointer).ints(numTokens, experts, hidden),
      );
    },
  };
}

/** Whether the tensor cores take it (kernels/hopper/router-logits-many.cu), whose sums have another order. */
function takesMany({ hopperType }: GpuKernels, numTokens: number, hidden: number): boolean {
  return hopperType === 'bf16' && hidden % MANY_DEPTH === 0 && numTokens >= MANY_TOKENS;
}

/** The kernel of a step of fewer tokens. All of them give the same bits. */
function chooseTile(
  numTokens: number,
  experts: number,
  hidden: number,
  elementBytes: number,
): Omit<Launch, 'stream'> & { readonly suffix: string } {
  const grid = ([tokens, rows]: readonly [number, number]) =>
    [Math.ceil(numTokens / tokens), Math.ceil(experts / rows)] as const;
  if (hidden % COLUMNS !== 0) return { suffix: 'any_1x1', grid: grid([1, 1]), block: 128 };
  if (numTokens === 1) return { suffix: 'wide_1x1', grid: grid([1, 1]), block: 128 };
  const large = grid(LARGE_TILE);
  if (hidden % ACCESS === 0 && large[0] * large[1] >= ENOUGH_LARGE_TILES) {
    const shared = STRETCHES * (LARGE_TILE[1] * FLOAT_BYTES + LARGE_TILE[0] * elementBytes);
    return { suffix: 'wide_32x32', grid: large, block: 512, shared };
  }
  return { suffix: 'wide_8x4', grid: grid(TILE), block: 128 };
}
