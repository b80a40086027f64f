import path from 'node:path';
import { readJsonFile } from '../checkpoint/json-file.ts';
import { quoted } from '../checkpoint/quoted.ts';
import { requireFolder } from '../checkpoint/regular-file.ts';
import { firstIssue } from '../checkpoint/schema-error.ts';
import { CheckpointError } from '../errors.ts';
import { isObject, refuseQuantization, requireSupportedArchitecture } from './architecture.ts';
import { type DeepseekV2Config, isMoeLayer, type TopkMethod } from './config.ts';
import { type ConfigFields, configSchema } from './config-schema.ts';
import { parseRope } from './parse-rope.ts';

/** transformers' default; the schema leaves it open because null and missing differ. */
const DEFAULT_ROUTED_EXPERTS = 64;
/** Six times as many as DeepSeek-V3 has. A bound on what planning the weights may take. */
const MAX_EXPERTS_IN_ALL = 100_000;

/**
 * Reads `<folder>/config.json`.
 * @throws CheckpointError when the folder or the file is missing or broken, or the model is not supported
 */
export async function readModelConfig(folder: string): Promise<DeepseekV2Config> {
  await requireFolder(folder);
  const file = path.join(folder, 'config.json');
  return parseDeepseekV2Config(await readJsonFile(file), file);
}

/**
 * Checks the contents of a config.json and resolves its spellings and defaults. Whatever would make the model compute
 * something other than what is implemented is refused by name.
 * @throws CheckpointError naming `file` and the key
 */
export function parseDeepseekV2Config(json: unknown, file: string): DeepseekV2Config {
  if (!isObject(json)) throw new CheckpointError(file, 'is not a JSON object');
  requireSupportedArchitecture(json, file);
  refuseQuantization(json, file);
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) throw new CheckpointError(file, firstIssue(parsed.error));
  const fields = parsed.data;
  refuseVariants(fields, file);

  const config: DeepseekV2Config = {
    vocabSize: fields.vocab_size,
    hiddenSize: fields.hidden_size,
    numLayers: fields.num_hidden_layers,
    numHeads: fields.num_attention_heads,
    // Files without query compression say null or leave the key out; the class default of 1536 is in every file that has it.
    qLoraRank: fields.q_lora_rank ?? null,
    kvLoraRank: fields.kv_lora_rank,
    qkNopeHeadDim: fields.qk_nope_head_dim,
    qkRopeHeadDim: fields.qk_rope_head_dim,
    vHeadDim: fields.v_head_dim,
    intermediateSize: fields.intermediate_size,
    moeIntermediateSize: fields.moe_intermediate_size,
    numRoutedExperts: routedExperts(fields),
    numSharedExperts: fields.n_shared_experts ?? 0,
    numExpertsPerTok: fields.num_experts_per_tok ?? 0,
    firstKDenseReplace: fields.first_k_dense_replace,
    moeLayerFreq: fields.moe_layer_freq ?? 1,
    topkMethod: topkMethod(fields, file),
    numGroups: fields.n_group || 1,
    topkGroups: fields.topk_group || 1,
    normTopkProb: fields.norm_topk_prob ?? false,
    routedScalingFactor: fields.routed_scaling_factor,
    rmsNormEps: fields.rms_norm_eps,
    ...parseRope(json, fields.max_position_embeddings, file),
    maxPositionEmbeddings: fields.max_position_embeddings,
    tieWordEmbeddings: fields.tie_word_embeddings,
    bosTokenId: fields.bos_token_id,
    eosTokenIds: endTokens(fields),
  };
  checkTokenIds(config, file);
  const moeLayers = Array.from({ length: config.numLayers }, (_, layer) => layer).filter((l) => isMoeLayer(config, l));
  if (moeLayers.length === 0) return { ...config, numRoutedExperts: 0 };
  checkExperts(config, fields, moeLayers.length, file);
  return config;
}

function routedExperts(fields: ConfigFields): number {
  if (fields.n_routed_experts === null) return 0;
  return fields.n_routed_experts ?? fields.num_experts ?? DEFAULT_ROUTED_EXPERTS;
}

function endTokens({ eos_token_id: eos }: ConfigFields): readonly number[] {
  if (eos === null) return [];
  return typeof eos === 'number' ? [eos] : [...new Set(eos)];
}

function topkMethod({ topk_method: method }: ConfigFields, file: string): TopkMethod {
  switch (method) {
    case undefined:
    case null:
    case 'greedy':
    case 'gready': // so spelt in the defaults of several published classes
      return 'greedy';
    case 'group_limited_greedy':
      return 'group_limited_greedy';
    default:
      throw new CheckpointError(
        file,
        `topk_method: ${quoted(method)} is not supported (greedy and group_limited_greedy are)`,
      );
  }
}

function refuseVariants(fields: ConfigFields, file: string): void {
  const { hidden_act, scoring_func, attention_bias, mlp_bias } = fields;
  if (hidden_act !== 'silu') {
    throw new CheckpointError(file, `hidden_act: ${quoted(hidden_act)} is not supported (silu is)`);
  }
  if (scoring_func != null && scoring_func !== 'softmax') {
    throw new CheckpointError(file, `scoring_func: ${quoted(scoring_func)} is not supported (softmax is)`);
  }
  if (attention_bias) throw new CheckpointError(file, 'attention_bias: true is not supported');
  if (mlp_bias) throw new CheckpointError(file, 'mlp_bias: true is not supported');
}

function checkTokenIds({ vocabSize, bosTokenId, eosTokenIds }: DeepseekV2Config, file: string): void {
  if (bosTokenId !== null && bosTokenId >= vocabSize) {
    throw new CheckpointError(file, `bos_token_id: ${bosTokenId} is outside of the vocabulary of ${vocabSize}`);
  }
  const outside = eosTokenIds.find((id) => id >= vocabSize);
  if (outside !== undefined) {
    throw new CheckpointError(file, `eos_token_id: ${outside} is outside of the vocabulary of ${vocabSize}`);
  }
}

function checkExperts(config: DeepseekV2Config, fields: ConfigFields, moeLayers: number, file: string): void {
  const { numRoutedExperts, numExpertsPerTok, numGroups, topkGroups } = config;
  const fail = (reason: string): CheckpointError => new CheckpointError(file, reason);
  if (moeLayers * numRoutedExperts > MAX_EXPERTS_IN_ALL) {
    throw fail(`n_routed_experts: ${moeLayers} layers of ${numRoutedExperts} experts are more than can be served`);
  }
  if (numExpertsPerTok < 1) throw fail('num_experts_per_tok: is needed, and at least 1, in a model with experts');
  if (numExpertsPerTok > numRoutedExperts) {
    throw fail(`num_experts_per_tok: ${numExpertsPerTok} of ${numRoutedExperts} experts cannot be chosen`);
  }
  if (config.topkMethod !== 'group_limited_greedy') return;
  if (!fields.n_group || !fields.topk_group) {
    throw fail('n_group and topk_group are needed with topk_method group_limited_greedy');
  }
  if (numRoutedExperts % numGroups !== 0) {
    throw fail(`n_routed_experts: ${numRoutedExperts} cannot be divided into n_group = ${numGroups} groups`);
  }
  if (topkGroups > numGroups) throw fail(`topk_group: ${topkGroups} of ${numGroups} groups cannot be chosen`);
  const open = topkGroups * (numRoutedExperts / numGroups);
  if (numExpertsPerTok > open) {
    throw fail(`num_experts_per_tok: ${numExpertsPerTok} is more than the ${open} experts of ${topkGroups} groups`);
  }
}
