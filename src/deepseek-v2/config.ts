/** YaRN scaling of RoPE (arXiv 2309.00071; HF `_compute_yarn_parameters`). */
export interface YarnConfig {
  readonly factor: number;
  readonly originalMaxPositionEmbeddings: number;
  readonly betaFast: number;
  readonly betaSlow: number;
  /** Missing in the file means 1 for `mscale` and 0 for `mscaleAllDim`; null here keeps "missing" apart, as HF's ratio does. */
  readonly mscale: number | null;
  readonly mscaleAllDim: number | null;
}

export type TopkMethod = 'greedy' | 'group_limited_greedy';

/** The model as everything after the parser sees it (HF class DeepseekV2Config, both spellings resolved). Sizes in elements. */
export interface DeepseekV2Config {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  /** null: queries come straight from the hidden state (V2-Lite). */
  readonly qLoraRank: number | null;
  readonly kvLoraRank: number;
  readonly qkNopeHeadDim: number;
  readonly qkRopeHeadDim: number;
  readonly vHeadDim: number;
  /** Width of a dense MLP. */
  readonly intermediateSize: number;
  /** Width of one expert. */
  readonly moeIntermediateSize: number;
  /** 0 when every layer is dense. */
  readonly numRoutedExperts: number;
  readonly numSharedExperts: number;
  readonly numExpertsPerTok: number;
  readonly firstKDenseReplace: number;
  readonly moeLayerFreq: number;
  readonly topkMethod: TopkMethod;
  readonly numGroups: number;
  readonly topkGroups: number;
  readonly normTopkProb: boolean;
  readonly routedScalingFactor: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  /** null: plain RoPE. */
  readonly yarn: YarnConfig | null;
  readonly maxPositionEmbeddings: number;
  readonly tieWordEmbeddings: boolean;
  readonly bosTokenId: number | null;
  readonly eosTokenIds: readonly number[];
}

/** Whether layer `layer` (0-based) routes tokens to experts (DeepseekV2DecoderLayer). */
export function isMoeLayer(config: DeepseekV2Config, layer: number): boolean {
  return config.numRoutedExperts > 0 && layer >= config.firstKDenseReplace && layer % config.moeLayerFreq === 0;
}

/** Values that the cache keeps per token and layer: the normalised latent and the rotated shared key. */
export function latentWidth(config: DeepseekV2Config): number {
  return config.kvLoraRank + config.qkRopeHeadDim;
}
