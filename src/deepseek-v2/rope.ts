import type { DeepseekV2Config, YarnConfig } from './config.ts';

/** Rotary embedding of one model. */
export interface RopeFrequencies {
  /** [ropeDim / 2] radians per position. */
  readonly inverseFrequencies: Float32Array;
  /** Factor on cos and sin: the ratio of the two mscales. */
  readonly attentionFactor: number;
}

/** HF `_compute_yarn_parameters` (arXiv 2309.00071, section 3.2) or plain RoPE. */
export function ropeFrequencies(config: DeepseekV2Config): RopeFrequencies {
  const dim = config.qkRopeHeadDim;
  const half = dim / 2;
  const base = Array.from({ length: half }, (_, i) => config.ropeTheta ** ((2 * i) / dim));
  const { yarn } = config;
  if (yarn === null) return { inverseFrequencies: Float32Array.from(base, (b) => 1 / b), attentionFactor: 1 };

  const [low, high] = correctionRange(yarn, dim, config.ropeTheta);
  const inverseFrequencies = Float32Array.from(base, (b, i) => {
    const ramp = Math.min(1, Math.max(0, (i - low) / (high - low)));
    const extrapolated = 1 / b;
    const interpolated = 1 / (yarn.factor * b);
    return interpolated * ramp + extrapolated * (1 - ramp);
  });
  return { inverseFrequencies, attentionFactor: attentionFactor(yarn) };
}

/** Dimensions between which YaRN passes from extrapolation to interpolation. */
function correctionRange(yarn: YarnConfig, dim: number, theta: number): [low: number, high: number] {
  const dimensionOf = (rotations: number): number =>
    (dim * Math.log(yarn.originalMaxPositionEmbeddings / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
  const low = Math.max(0, Math.floor(dimensionOf(yarn.betaFast)));
  const high = Math.min(dim - 1, Math.ceil(dimensionOf(yarn.betaSlow)));
  return [low, high === low ? high + 0.001 : high];
}

function attentionFactor(yarn: YarnConfig): number {
  const { factor, mscale, mscaleAllDim } = yarn;
  return mscale && mscaleAllDim ? yarnMscale(factor, mscale) / yarnMscale(factor, mscaleAllDim) : yarnMscale(factor, 1);
}

function yarnMscale(factor: number, mscale: number): number {
  return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
}

/** Scale of the attention scores (HF `yarn_apply_mscale`): qk_dim^-0.5, times the square of YaRN's mscale over all dimensions. */
export function softmaxScale(config: DeepseekV2Config): number {
  const scale = (config.qkNopeHeadDim + config.qkRopeHeadDim) ** -0.5;
  const { yarn } = config;
  if (!yarn?.mscaleAllDim) return scale;
  return scale * yarnMscale(yarn.factor, yarn.mscaleAllDim) ** 2;
}
