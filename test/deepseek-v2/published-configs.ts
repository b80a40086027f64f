/** The values of published config.json files. */

// biome-ignore lint/suspicious/noApproximativeNumericConstant: the value in the file, not 1/sqrt(2)
const MSCALE = 0.707;
const YARN = {
  beta_fast: 32,
  beta_slow: 1,
  factor: 40,
  mscale: MSCALE,
  mscale_all_dim: MSCALE,
  original_max_position_embeddings: 4096,
  type: 'yarn',
};

export const V2_LITE = {
  architectures: ['DeepseekV2ForCausalLM'],
  attention_bias: false,
  attention_dropout: 0.0,
  auto_map: { AutoConfig: 'configuration_deepseek.DeepseekV2Config' },
  aux_loss_alpha: 0.001,
  bos_token_id: 100000,
  eos_token_id: 100001,
  first_k_dense_replace: 1,
  hidden_act: 'silu',
  hidden_size: 2048,
  initializer_range: 0.02,
  intermediate_size: 10944,
  kv_lora_rank: 512,
  max_position_embeddings: 163840,
  model_type: 'deepseek_v2',
  moe_intermediate_size: 1408,
  moe_layer_freq: 1,
  n_group: 1,
  n_routed_experts: 64,
  n_shared_experts: 2,
  norm_topk_prob: false,
  num_attention_heads: 16,
  num_experts_per_tok: 6,
  num_hidden_layers: 27,
  num_key_value_heads: 16,
  pretraining_tp: 1,
  q_lora_rank: null,
  qk_nope_head_dim: 128,
  qk_rope_head_dim: 64,
  rms_norm_eps: 1e-6,
  rope_scaling: YARN,
  rope_theta: 10000,
  routed_scaling_factor: 1.0,
  scoring_func: 'softmax',
  seq_aux: true,
  tie_word_embeddings: false,
  topk_group: 1,
  topk_method: 'greedy',
  torch_dtype: 'bfloat16',
  transformers_version: '4.33.1',
  use_cache: true,
  v_head_dim: 128,
  vocab_size: 102400,
} as const;

export const V2 = {
  ...V2_LITE,
  hidden_size: 5120,
  intermediate_size: 12288,
  moe_intermediate_size: 1536,
  n_group: 8,
  n_routed_experts: 160,
  num_attention_heads: 128,
  num_hidden_layers: 60,
  num_key_value_heads: 128,
  q_lora_rank: 1536,
  routed_scaling_factor: 16.0,
  topk_group: 3,
  topk_method: 'group_limited_greedy',
} as const;

export const V2_5 = { ...V2, rope_scaling: { ...YARN, mscale: 1.0, mscale_all_dim: 1.0 } } as const;

/** ESFT's expert-tuned V2-Lite. */
export const ESFT_LITE = { ...V2_LITE, max_position_embeddings: 4096, rope_scaling: null } as const;

/** V2-Lite saved again by transformers 5. */
const { type, ...YARN_5 } = YARN;
const DROPPED = [
  'rope_scaling',
  'rope_theta',
  'torch_dtype',
  'scoring_func',
  'moe_layer_freq',
  'auto_map',
  'pretraining_tp',
];
export const TRANSFORMERS_5: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(Object.entries(V2_LITE).filter(([key]) => !DROPPED.includes(key))),
  dtype: V2_LITE.torch_dtype,
  head_dim: 64,
  mlp_bias: false,
  output_router_logits: false,
  rope_parameters: { ...YARN_5, rope_theta: V2_LITE.rope_theta, rope_type: type },
  transformers_version: '5.0.0',
};
