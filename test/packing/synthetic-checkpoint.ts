import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';
import { planPackedWeights } from '../../src/deepseek-v2/packed-weights.ts';
import { parseDeepseekV2Config } from '../../src/deepseek-v2/parse-config.ts';
import { FLOAT32 } from '../../src/deepseek-v2/precision.ts';
import { encodeSafetensors, type TensorData } from '../checkpoint/write-safetensors.ts';
import { V2 } from '../deepseek-v2/published-configs.ts';

/** A small model with every kind of tensor: query compression, dense and expert layers, shared experts. */
export const SMALL: DeepseekV2Config = parseDeepseekV2Config(
  {
    ...V2,
    vocab_size: 96,
    bos_token_id: 0,
    eos_token_id: 1,
    hidden_size: 24,
    num_hidden_layers: 3,
    num_attention_heads: 3,
    q_lora_rank: 12,
    kv_lora_rank: 10,
    qk_nope_head_dim: 6,
    qk_rope_head_dim: 4,
    v_head_dim: 5,
    intermediate_size: 20,
    moe_intermediate_size: 7,
    n_routed_experts: 4,
    n_group: 2,
    topk_group: 1,
    num_experts_per_tok: 2,
  },
  'config.json',
);

const WIDTH: Record<string, number> = { F32: 4, F16: 2, BF16: 2, F64: 8, I8: 1 };

/** Every tensor that `config` calls for, with repeatable contents: `dtypes` in turn, finite values only. */
export function tensorsOf(
  config: DeepseekV2Config,
  dtypes: readonly string[] = ['BF16'],
  seed = 1,
): Map<string, TensorData> {
  const tensors = new Map<string, TensorData>();
  let state = seed;
  for (const [index, [name, shape]] of [...planPackedWeights(config, FLOAT32).sourceShapes].entries()) {
    const dtype = dtypes[index % dtypes.length]!;
    const width = WIDTH[dtype]!;
    const bytes = new Uint8Array(width * shape.reduce((a, b) => a * b, 1));
    for (let i = 0; i < bytes.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      // The last byte holds sign and exponent: kept away from infinity and NaN.
      bytes[i] = i % width === width - 1 ? (state >>> 24) & 0xbf : state >>> 24;
    }
    tensors.set(name, { dtype, shape, bytes });
  }
  return tensors;
}

export function writeSingle(folder: string, tensors: ReadonlyMap<string, TensorData>): void {
  writeFileSync(path.join(folder, 'model.safetensors'), encodeSafetensors(tensors));
}

export function writeShards(folder: string, tensors: ReadonlyMap<string, TensorData>, shards: number): void {
  const parts = Array.from({ length: shards }, () => new Map<string, TensorData>());
  const weightMap: Record<string, string> = {};
  const fileName = (i: number): string => `model-${i + 1}-of-${shards}.safetensors`;
  for (const [index, [name, tensor]] of [...tensors].entries()) {
    parts[index % shards]!.set(name, tensor);
    weightMap[name] = fileName(index % shards);
  }
  for (const [i, part] of parts.entries()) writeFileSync(path.join(folder, fileName(i)), encodeSafetensors(part));
  writeFileSync(path.join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
}
