import type { LatentCode } from '../cuda/element-types.ts';
import type { DeepseekV2Config } from './config.ts';
import type { Precision } from './precision.ts';

/** Element type of the cached latents: the model's own, 8-bit floats (e4m3) or 8-bit whole numbers, both with scales. */
export type KvCacheDtype = 'auto' | LatentCode;

/** One slot of a layer's latent pool, as a row of the matrix [slots, columns]. */
export interface LatentRow {
  readonly type: Precision['stream'] | 'u8';
  /** What the bytes of the latent mean; null: its values are of `type`. */
  readonly code: LatentCode | null;
  readonly columns: number;
  readonly bytes: number;
}

type LatentSizes = Pick<DeepseekV2Config, 'kvLoraRank' | 'qkRopeHeadDim'>;

const STREAM_BYTES = { f32: 4, f16: 2, bf16: 2 } as const;
/** Values of a latent that share a scale. */
const SCALE_BLOCK = 128;
const SCALE_BYTES = 4;
/** What Hopper's copy engine takes. */
const ROW_ALIGNMENT = 16;

/**
 * What MLA caches of a token in one layer: the normalised latent and the rotated shared key (paper section 2.1).
 *
 * 8 bits (kernels/portable/latent-codes.cuh reads them): a byte for each value of the latent, padded to 4; a float32 scale for
 * every 128 of them; the key in the model's type; padded to 16 bytes. 656 bytes for DeepSeek-V2, where bf16 takes 1,152.
 */
export function latentRow(
  { kvLoraRank, qkRopeHeadDim }: LatentSizes,
  stream: Precision['stream'],
  kvCacheDtype: KvCacheDtype,
): LatentRow {
  const streamBytes = STREAM_BYTES[stream];
  if (kvCacheDtype === 'auto') {
    const columns = kvLoraRank + qkRopeHeadDim;
    return { type: stream, code: null, columns, bytes: columns * streamBytes };
  }
  const scales = SCALE_BYTES * Math.ceil(kvLoraRank / SCALE_BLOCK);
  const bytes = roundUp(roundUp(kvLoraRank, SCALE_BYTES) + scales + qkRopeHeadDim * streamBytes, ROW_ALIGNMENT);
  return { type: 'u8', code: kvCacheDtype, columns: bytes, bytes };
}

/** Bytes of the latent pools that one token takes, over all layers. */
export function latentBytesPerToken(
  config: LatentSizes & Pick<DeepseekV2Config, 'numLayers'>,
  stream: Precision['stream'],
  kvCacheDtype: KvCacheDtype,
): number {
  return config.numLayers * latentRow(config, stream, kvCacheDtype).bytes;
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
