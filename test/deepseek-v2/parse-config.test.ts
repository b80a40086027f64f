import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';
import { parseDeepseekV2Config, readModelConfig } from '../../src/deepseek-v2/parse-config.ts';
import { CheckpointError } from '../../src/errors.ts';
import { temporaryFolder } from '../checkpoint/write-safetensors.ts';
import { ESFT_LITE, TRANSFORMERS_5, V2, V2_5, V2_LITE } from './published-configs.ts';

const parse = (json: unknown): DeepseekV2Config => parseDeepseekV2Config(json, 'config.json');
const without = (json: object, ...keys: string[]): object =>
  Object.fromEntries(Object.entries(json).filter(([key]) => !keys.includes(key)));

const V2_LITE_PARSED: DeepseekV2Config = {
  vocabSize: 102400,
  hiddenSize: 2048,
  numLayers: 27,
  numHeads: 16,
  qLoraRank: null,
  kvLoraRank: 512,
  qkNopeHeadDim: 128,
  qkRopeHeadDim: 64,
  vHeadDim: 128,
  intermediateSize: 10944,
  moeIntermediateSize: 1408,
  numRoutedExperts: 64,
  numSharedExperts: 2,
  numExpertsPerTok: 6,
  firstKDenseReplace: 1,
  moeLayerFreq: 1,
  topkMethod: 'greedy',
  numGroups: 1,
  topkGroups: 1,
  normTopkProb: false,
  routedScalingFactor: 1,
  rmsNormEps: 1e-6,
  ropeTheta: 10000,
  yarn: {
    factor: 40,
    originalMaxPositionEmbeddings: 4096,
    betaFast: 32,
    betaSlow: 1,
    mscale: V2_LITE.rope_scaling.mscale,
    mscaleAllDim: V2_LITE.rope_scaling.mscale_all_dim,
  },
  maxPositionEmbeddings: 163840,
  tieWordEmbeddings: false,
  bosTokenId: 100000,
  eosTokenIds: [100001],
};

describe('published models', () => {
  it('reads V2-Lite', () => expect(parse(V2_LITE)).toEqual(V2_LITE_PARSED));

  it("reads transformers 5's spelling of the same model", () => expect(parse(TRANSFORMERS_5)).toEqual(V2_LITE_PARSED));

  it('reads V2', () => {
    expect(parse(V2)).toMatchObject({
      hiddenSize: 5120,
      numLayers: 60,
      numHeads: 128,
      qLoraRank: 1536,
      numRoutedExperts: 160,
      topkMethod: 'group_limited_greedy',
      numGroups: 8,
      topkGroups: 3,
      routedScalingFactor: 16,
      yarn: V2_LITE_PARSED.yarn,
    });
  });

  it('reads V2.5', () => expect(parse(V2_5).yarn).toMatchObject({ mscale: 1, mscaleAllDim: 1 }));

  it('reads ESFT-lite, without YaRN', () => {
    expect(parse(ESFT_LITE)).toEqual({ ...V2_LITE_PARSED, yarn: null, maxPositionEmbeddings: 4096 });
  });

  it('reads every model fixture', async () => {
    const models = fileURLToPath(new URL('../fixtures/models/', import.meta.url));
    const names = readdirSync(models, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of names) {
      const config = await readModelConfig(path.join(models, name));
      expect(config.numLayers, name).toBeGreaterThan(1);
    }
  });
});

describe('spellings', () => {
  it('takes a missing q_lora_rank for null', () => {
    expect(parse(without(V2_LITE, 'q_lora_rank'))).toEqual(V2_LITE_PARSED);
  });

  it.each(['gready', null, undefined])('takes topk_method %s for greedy', (topk_method) => {
    expect(parse({ ...V2_LITE, topk_method })).toEqual(V2_LITE_PARSED);
  });

  it('takes null groups for one', () => {
    expect(parse({ ...V2_LITE, n_group: null, topk_group: null })).toEqual(V2_LITE_PARSED);
  });

  it('reads end tokens as a number, an array and null', () => {
    expect(parse({ ...V2_LITE, eos_token_id: [100001, 5, 5] }).eosTokenIds).toEqual([100001, 5]);
    expect(parse({ ...V2_LITE, eos_token_id: null, bos_token_id: null })).toMatchObject({
      eosTokenIds: [],
      bosTokenId: null,
    });
  });

  it('ignores head_dim and num_key_value_heads, as the model does', () => {
    expect(parse({ ...V2_LITE, head_dim: 192, num_key_value_heads: 2 })).toEqual(V2_LITE_PARSED);
  });

  it('needs no architectures beside model_type, and the other way round', () => {
    expect(parse(without(V2_LITE, 'architectures'))).toEqual(V2_LITE_PARSED);
    expect(parse(without(V2_LITE, 'model_type'))).toEqual(V2_LITE_PARSED);
  });

  it('has no experts when every layer is dense', () => {
    expect(parse({ ...V2_LITE, first_k_dense_replace: 27 }).numRoutedExperts).toBe(0);
    expect(parse({ ...V2_LITE, n_routed_experts: null, num_experts_per_tok: null }).numRoutedExperts).toBe(0);
  });

  it('reads the other name of n_routed_experts', () => {
    expect(parse({ ...without(V2_LITE, 'n_routed_experts'), num_experts: 32 }).numRoutedExperts).toBe(32);
  });
});

describe('rotary embedding', () => {
  const yarn = V2_LITE.rope_scaling;

  it('prefers rope_scaling, and the theta inside, as transformers does', () => {
    expect(parse({ ...V2_LITE, rope_parameters: { rope_type: 'linear' } }).yarn).not.toBeNull();
    expect(parse({ ...V2_LITE, rope_scaling: { ...yarn, rope_theta: 5e5 } }).ropeTheta).toBe(5e5);
    expect(parse({ ...V2_LITE, rope_scaling: { ...yarn, rope_type: 'default' } }).yarn).toBeNull();
    expect(parse({ ...V2_LITE, rope_scaling: {} }).yarn).toBeNull();
  });

  it("fills in transformers' defaults", () => {
    const file = {
      ...without(V2_LITE, 'rope_theta'),
      rope_scaling: { type: 'yarn', original_max_position_embeddings: 4096 },
    };
    expect(parse(file)).toMatchObject({
      ropeTheta: 10000,
      yarn: { factor: 40, betaFast: 32, betaSlow: 1, mscale: null, mscaleAllDim: null },
    });
    expect(parse({ ...V2_LITE, rope_scaling: { type: 'yarn', factor: 2 } }).yarn?.originalMaxPositionEmbeddings).toBe(
      163840,
    );
  });

  it.each([
    ['dynamic', { type: 'dynamic', factor: 2 }, /rope_scaling: rope type "dynamic" is not supported/],
    ['linear', { rope_type: 'linear', factor: 2 }, /"linear"/],
    ['longrope', { type: 'longrope' }, /"longrope"/],
    ['llama3', { type: 'llama3' }, /"llama3"/],
    ['a list', [], /rope_scaling: expected an object/],
    ['parameters per layer type', { full_attention: { rope_type: 'yarn' } }, /per layer type/],
    ['an attention_factor', { ...yarn, attention_factor: 1.5 }, /attention_factor/],
    ['truncate false', { ...yarn, truncate: false }, /truncate/],
    ['a partial rotation', { ...yarn, partial_rotary_factor: 0.5 }, /partial_rotary_factor/],
    ['a factor of a half', { ...yarn, factor: 0.5 }, /rope_scaling: factor/],
    ['a factor of text', { ...yarn, factor: '40' }, /rope_scaling: factor/],
    ['no original positions', { ...yarn, original_max_position_embeddings: 0 }, /original_max_position_embeddings/],
    ['betas the wrong way round', { ...yarn, beta_fast: 1, beta_slow: 32 }, /beta_fast is less/],
    ['a theta of zero', { ...yarn, rope_theta: 0 }, /rope_theta/],
  ])('refuses %s', (_, rope_scaling, reason) => {
    expect(() => parse({ ...V2_LITE, rope_scaling })).toThrow(reason);
  });
});

describe('what is refused', () => {
  const cases: [name: string, json: unknown, reason: RegExp][] = [
    ['no object', [], /not a JSON object/],
    ['nothing at all', {}, /neither architectures nor model_type.*supported is DeepseekV2ForCausalLM/],
    [
      'V1',
      { architectures: ['DeepseekForCausalLM'], model_type: 'deepseek' },
      /architecture "DeepseekForCausalLM".*V1.*supported is/,
    ],
    ['V3', { architectures: ['DeepseekV3ForCausalLM'], model_type: 'deepseek_v3' }, /"DeepseekV3ForCausalLM".*V3/],
    ['V3 by model_type', { model_type: 'deepseek_v3' }, /model_type "deepseek_v3".*V3/],
    ['a mismatch', { ...V2_LITE, model_type: 'kimi_k2' }, /model_type "kimi_k2"/],
    [
      'Llama',
      { architectures: ['LlamaForCausalLM'], model_type: 'llama' },
      /"LlamaForCausalLM" is not supported; supported is/,
    ],
    ['a classifier', { ...V2_LITE, architectures: ['DeepseekV2ForSequenceClassification'] }, /language-model head/],
    [
      'a multimodal model',
      { model_type: 'deepseek_vl_v2', language_config: V2_LITE },
      /deepseek_vl_v2 is multimodal.*language_config/,
    ],
    ['fp8', { ...V2_LITE, quantization_config: { quant_method: 'fp8' } }, /quantised \("fp8"\)/],
    ['awq', { ...V2_LITE, quantization_config: { quant_method: 'awq', bits: 4 } }, /quantised \("awq"\)/],
    ['gptq', { ...V2_LITE, quantization_config: { quant_method: 'gptq' } }, /quantised \("gptq"\)/],
    ['an unnamed quantisation', { ...V2_LITE, quantization_config: {} }, /quantised; only/],
    ['gelu', { ...V2_LITE, hidden_act: 'gelu' }, /hidden_act: "gelu"/],
    ['sigmoid scores', { ...V2_LITE, scoring_func: 'sigmoid' }, /scoring_func: "sigmoid"/],
    ['attention bias', { ...V2_LITE, attention_bias: true }, /attention_bias/],
    ['mlp bias', { ...V2_LITE, mlp_bias: true }, /mlp_bias/],
    ['noaux_tc', { ...V2_LITE, topk_method: 'noaux_tc' }, /topk_method: "noaux_tc"/],
    ['no heads', { ...V2_LITE, num_attention_heads: 0 }, /num_attention_heads/],
    ['a negative size', { ...V2_LITE, hidden_size: -2048 }, /hidden_size/],
    ['half a layer', { ...V2_LITE, num_hidden_layers: 1.5 }, /num_hidden_layers/],
    ['an absurd size', { ...V2_LITE, vocab_size: 1e12 }, /vocab_size/],
    ['absurdly many experts', { ...V2_LITE, n_routed_experts: 4096, num_hidden_layers: 500 }, /n_routed_experts/],
    ['text for a size', { ...V2_LITE, hidden_size: '2048' }, /hidden_size: expected/],
    ['an odd rope width', { ...V2_LITE, qk_rope_head_dim: 63 }, /qk_rope_head_dim: must be even/],
    ['groups that do not divide', { ...V2, n_group: 7 }, /160 cannot be divided into n_group = 7/],
    ['more groups chosen than there are', { ...V2, topk_group: 9 }, /topk_group: 9 of 8/],
    ['limited groups without groups', { ...V2, n_group: null }, /n_group and topk_group are needed/],
    ['more experts than there are', { ...V2_LITE, num_experts_per_tok: 65 }, /65 of 64/],
    ['more experts than the groups have', { ...V2, topk_group: 1, num_experts_per_tok: 21 }, /21 is more than the 20/],
    ['no number of experts per token', without(V2_LITE, 'num_experts_per_tok'), /num_experts_per_tok/],
    ['an end token outside', { ...V2_LITE, eos_token_id: [1, 102400] }, /eos_token_id: 102400/],
    ['a first token outside', { ...V2_LITE, bos_token_id: 102400 }, /bos_token_id: 102400/],
    ['an eps of text', { ...V2_LITE, rms_norm_eps: 'tiny' }, /rms_norm_eps/],
  ];

  it.each(cases)('refuses %s in one line', (_, json, reason) => {
    let error: unknown;
    try {
      parse(json);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as Error).message).toMatch(reason);
    expect((error as Error).message).toMatch(/^config\.json: [\x20-\x7e]{1,400}$/);
  });

  it('never fails otherwise, whatever a key holds', () => {
    const keys = Object.keys({ ...V2_LITE, ...TRANSFORMERS_5, quantization_config: 0, num_experts: 0 });
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.integer(), fc.double());
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.constantFrom(...keys), value, value, (one, two, a, b) => {
        try {
          parse({ ...V2, [one]: a, [two]: b });
        } catch (error) {
          if (!(error instanceof CheckpointError) || error.message.includes('\n')) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('readModelConfig', () => {
  it('names what is missing', async () => {
    const folder = temporaryFolder();
    await expect(readModelConfig(folder.path)).rejects.toThrow(/config\.json: does not exist/);
    const file = folder.write('config.json', '{"model_type": NaN}');
    await expect(readModelConfig(folder.path)).rejects.toThrow(/config\.json: is not valid JSON/);
    await expect(readModelConfig(file)).rejects.toThrow(/is a file; a model is a folder/);
    await expect(readModelConfig(path.join(folder.path, 'no'))).rejects.toThrow(/no: does not exist/);
    folder.remove();
  });
});
