import type { DeepseekV2Config } from './config.ts';
import type { Precision } from './precision.ts';

/** Element type of the cached latents: the model's own, or 8-bit floats (e4m3). */
export type KvCacheDtype = 'auto' | 'fp8';

/** One slot of a layer's latent pool, as a row of the matrix [slots, columns]. */
export interface LatentRow {
  readonly type: Precision['stream'] | 'u8';
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
 * fp8 (kernels/portable/fp8.cuh reads it): the latent in e4m3, padded to 4 bytes; a float32 scale for every 128 of its
 * values; the key in the model's type; padded to 16 bytes. 656 bytes for DeepSeek-V2, where bf16 takes 1,152.
 */
export function latentRow(
  { kvLoraRank, qkRopeHeadDim }: LatentSizes,
  stream: Precision['stream'],
  kvCacheDtype: KvCacheDtype,
): LatentRow {
  const streamBytes = STREAM_BYTES[stream];
  if (kvCacheDtype === 'auto') {
    const columns = kvLoraRank + qkRopeHeadDim;
    return { type: stream, columns, bytes: columns * streamBytes };
  }
  const scales = SCALE_BYTES * Math.ceil(kvLoraRank / SCALE_BLOCK);
  const bytes = roundUp(roundUp(kvLoraRank, SCALE_BYTES) + scales + qkRopeHeadDim * streamBytes, ROW_ALIGNMENT);
  return { type: 'u8', columns: bytes, bytes };
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
