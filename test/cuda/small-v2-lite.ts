import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';
import { parseDeepseekV2Config } from '../../src/deepseek-v2/parse-config.ts';
import { V2_LITE } from '../deepseek-v2/published-configs.ts';

/** What --dtype bfloat16 is. */
export const BFLOAT16 = { stream: 'bf16', experts: 'f16' } as const;

/** DeepSeek-V2-Lite's shape with a few layers, the first of them dense, and a small vocabulary. */
export function smallV2Lite(numLayers: number): DeepseekV2Config {
  const small = { num_hidden_layers: numLayers, vocab_size: 4096, bos_token_id: 0, eos_token_id: 1 };
  return parseDeepseekV2Config({ ...V2_LITE, ...small }, 'v2-lite');
}
