import { describe, expect, it } from 'vitest';
import { latentBytesPerToken, latentRow } from '../../src/deepseek-v2/latent-row.ts';

// DeepSeek-V2-Lite and DeepSeek-V2: config.json of the published checkpoints.
const V2_LITE = { numLayers: 27, kvLoraRank: 512, qkRopeHeadDim: 64 };
const V2 = { numLayers: 60, kvLoraRank: 512, qkRopeHeadDim: 64 };

describe('latentRow', () => {
  it("holds the latent and the rotary key in the model's type", () => {
    expect(latentRow(V2, 'bf16', 'auto')).toEqual({ type: 'bf16', code: null, columns: 576, bytes: 1152 });
    expect(latentRow(V2, 'f32', 'auto')).toEqual({ type: 'f32', code: null, columns: 576, bytes: 2304 });
  });

  it.each([
    // latent + scales + key, padded to 16 bytes
    [512, 64, 'bf16', 512 + 16 + 128],
    [512, 64, 'f32', 512 + 16 + 256],
    [96, 16, 'bf16', 96 + 4 + 32 + 12],
    [128, 16, 'f16', 128 + 4 + 32 + 12],
    [129, 16, 'f16', 132 + 8 + 32 + 4],
    [27, 6, 'f16', 28 + 4 + 12 + 4],
  ] as const)('holds %i + %i values of %s with 8-bit latents', (kvLoraRank, qkRopeHeadDim, stream, bytes) => {
    for (const code of ['fp8', 'int8'] as const) {
      const row = latentRow({ kvLoraRank, qkRopeHeadDim }, stream, code);
      expect(row).toEqual({ type: 'u8', code, columns: bytes, bytes });
    }
  });
});

describe('latentBytesPerToken', () => {
  it('counts the rows of every layer', () => {
    expect(latentBytesPerToken(V2_LITE, 'bf16', 'auto')).toBe(31_104);
    expect(latentBytesPerToken(V2_LITE, 'f32', 'auto')).toBe(62_208);
    expect(latentBytesPerToken(V2, 'bf16', 'auto')).toBe(69_120);
    expect(latentBytesPerToken(V2_LITE, 'bf16', 'fp8')).toBe(17_712);
    expect(latentBytesPerToken(V2_LITE, 'bf16', 'int8')).toBe(17_712);
  });
});
