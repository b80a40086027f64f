import { z } from 'zod';

/** A size of the model: at least 1, at most what no model reaches. */
const size = (most: number): z.ZodInt => z.int().min(1).max(most);
const count = (most: number): z.ZodInt => z.int().min(0).max(most);
const tokenId = z.int().min(0);

/**
 * config.json by DeepSeek's and transformers' keys. Defaults are those of transformers' DeepseekV2Config (5.24); what it
 * allows to be null may be null here. Unknown keys are dropped: files carry many that concern training only.
 */
export const configSchema = z.object({
  vocab_size: size(1 << 24).default(102400),
  hidden_size: size(1 << 16).default(4096),
  num_hidden_layers: size(512).default(32),
  num_attention_heads: size(1024).default(32),
  q_lora_rank: size(1 << 16).nullish(),
  kv_lora_rank: size(1 << 16).default(512),
  qk_nope_head_dim: size(4096).default(128),
  qk_rope_head_dim: size(4096)
    .refine((width) => width % 2 === 0, { error: 'must be even: rotary embedding turns pairs' })
    .default(64),
  v_head_dim: size(4096).default(128),
  intermediate_size: size(1 << 20).default(11008),
  moe_intermediate_size: size(1 << 20).default(1407),
  // transformers knows it as num_experts too. null means "no experts" in DeepSeek's own class.
  n_routed_experts: count(4096).nullish(),
  num_experts: count(4096).nullish(),
  n_shared_experts: count(256).nullable().default(2),
  num_experts_per_tok: count(4096).nullish(),
  first_k_dense_replace: count(1 << 20).default(0),
  moe_layer_freq: size(512).nullish(),
  topk_method: z.string().nullish(),
  n_group: count(4096).nullish(),
  topk_group: count(4096).nullish(),
  norm_topk_prob: z.boolean().nullish(),
  scoring_func: z.string().nullish(),
  routed_scaling_factor: z.number().gt(0).max(1e6).default(1),
  rms_norm_eps: z.number().min(0).max(1).default(1e-6),
  max_position_embeddings: size(1 << 27).default(2048),
  tie_word_embeddings: z.boolean().default(false),
  bos_token_id: tokenId.nullable().default(1),
  eos_token_id: z
    .union([tokenId, z.array(tokenId).max(1000)])
    .nullable()
    .default(2),
  hidden_act: z.string().default('silu'),
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
});

export type ConfigFields = z.infer<typeof configSchema>;
