import { createHash, randomFillSync } from 'node:crypto';
import { mkdir, open, realpath, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DeepseekV2Config } from '../deepseek-v2/config.ts';
import { planPackedWeights } from '../deepseek-v2/packed-weights.ts';
import { type Precision, scalesOf } from '../deepseek-v2/precision.ts';
import { layOut } from './layout.ts';
import { WEIGHTS_FILE } from './manifest.ts';
import { PACKED_BYTES, type PackedDtype, type PackedModel, type PackedTensor } from './packed-model.ts';

const PAGE = 4096;
/** Random bytes are made once and repeated; not a multiple of any expert's size, so that experts differ. */
const PATTERN_BYTES = 16 * 1024 * 1024 - PAGE;

/** Random sign, magnitude from 2^-6 to 2^-5, as bits: what a layer does to a normalised vector stays of its size. */
const RANDOM_BITS: Readonly<Record<PackedDtype, { keep: number; set: number }>> = {
  f32: { keep: 0x807fffff, set: 0x3c800000 },
  bf16: { keep: 0x807f, set: 0x3c80 },
  f16: { keep: 0x83ff, set: 0x2400 },
  u8: { keep: 0xff, set: 0 },
};
const ONE_BITS: Readonly<Record<PackedDtype, number>> = { f32: 0x3f800000, bf16: 0x3f80, f16: 0x3c00, u8: 1 };
/** Scales of quantised weights, from 2^-12 to 2^-11 in f16: their random codes come to weights of the same size as the others. */
const SCALE_BITS = { keep: 0x03ff, set: 0x0c00 };

interface Region {
  readonly dtype: PackedDtype;
  readonly kind: 'random' | 'ones' | 'scales';
  readonly byteLength: number;
}

/**
 * Weights of the configuration's shape without a checkpoint, for benchmarks (vLLM's --load-format dummy): random ones, and
 * ones for the norms. All tensors of a type lie over the same bytes, so that the file is no larger than the largest tensor
 * of each type; a device holds them all as if they were different.
 */
export async function makeDummyWeights(options: {
  readonly config: DeepseekV2Config;
  readonly precision: Precision;
  readonly cacheRoot: string;
}): Promise<PackedModel> {
  const plan = planPackedWeights(options.config, options.precision);
  const wanted = [...layOut(plan, options.precision).tensors];
  const regions = new Map<string, Region & { offset: number }>();
  for (const [name, { dtype, byteLength }] of wanted) {
    const kind = kindOf(name);
    const known = regions.get(dtype + kind);
    regions.set(dtype + kind, { dtype, kind, byteLength: Math.max(byteLength, known?.byteLength ?? 0), offset: 0 });
  }
  let end = 0;
  for (const [key, region] of regions) {
    regions.set(key, { ...region, offset: end });
    end += Math.ceil(region.byteLength / PAGE) * PAGE;
  }
  const tensors = new Map<string, PackedTensor>(
    wanted.map(([name, tensor]) => {
      const kind = kindOf(name);
      return [name, { ...tensor, offset: regions.get(tensor.dtype + kind)!.offset }];
    }),
  );
  const digest = createHash('sha256')
    .update(JSON.stringify([...regions]))
    .digest('hex')
    .slice(0, 40);
  const folder = path.join(options.cacheRoot, 'dummy', digest);
  await writeRegions(folder, [...regions.values()], end);
  return { folder: await realpath(folder), weightsFile: WEIGHTS_FILE, tensors };
}

function kindOf(name: string): Region['kind'] {
  if (name.endsWith('norm')) return 'ones';
  return name.endsWith(scalesOf('')) ? 'scales' : 'random';
}

async function writeRegions(folder: string, regions: readonly Region[], byteLength: number): Promise<void> {
  const target = path.join(folder, WEIGHTS_FILE);
  const present = await stat(target).catch(() => null);
  if (present?.size === byteLength) return;
  await mkdir(folder, { recursive: true });
  const partial = `${target}.${process.pid}`;
  const handle = await open(partial, 'w');
  try {
    for (const region of regions) {
      const pattern = makePattern(region);
      const padded = Math.ceil(region.byteLength / PAGE) * PAGE;
      for (let done = 0; done < padded; done += pattern.byteLength) {
        await handle.write(pattern, 0, Math.min(pattern.byteLength, padded - done));
      }
    }
  } finally {
    await handle.close();
  }
  await rename(partial, target);
}

function makePattern({ dtype, kind, byteLength }: Region): Uint8Array {
  const bytes = Math.min(PATTERN_BYTES, Math.ceil(byteLength / PAGE) * PAGE);
  const words = newWords(PACKED_BYTES[dtype], bytes);
  if (kind === 'ones') {
    words.fill(ONE_BITS[dtype]);
  } else {
    const { keep, set } = kind === 'scales' ? SCALE_BITS : RANDOM_BITS[dtype];
    randomFillSync(words);
    for (let i = 0; i < words.length; i++) words[i] = (words[i]! & keep) | set;
  }
  return new Uint8Array(words.buffer);
}

function newWords(
  width: number,
  bytes: number,
): Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer> {
  if (width === 4) return new Uint32Array(bytes / 4);
  return width === 2 ? new Uint16Array(bytes / 2) : new Uint8Array(bytes);
}
