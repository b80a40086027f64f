import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';

/**
 * The packed weights as the paper and com.microsoft.MoE describe them, put together element by element from whole
 * tensors: knows nothing of plans, blocks or typed-array conversions.
 *
 * @param stacksShared shared experts are the last of the experts, instead of an MLP of their own
 */
export function assembleNaively(
  config: DeepseekV2Config,
  read: (name: string) => number[],
  stacksShared = false,
): Map<string, number[]> {
  const { hiddenSize: hidden, numHeads, qkNopeHeadDim: nope, qkRopeHeadDim: rope, vHeadDim, kvLoraRank: rank } = config;
  const packed = new Map<string, number[]>();
  const rowsOf = (values: number[], width: number): number[][] =>
    Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width));

  packed.set('embed_tokens', read('model.embed_tokens.weight'));
  packed.set('norm', read('model.norm.weight'));
  packed.set('lm_head', read(config.tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight'));
  for (let layer = 0; layer < config.numLayers; layer++) {
    const weight = (name: string): number[] => read(`model.layers.${layer}.${name}.weight`);
    const put = (name: string, values: number[]): void => void packed.set(`layers.${layer}.${name}`, values);
    put('input_norm', weight('input_layernorm'));
    put('post_norm', weight('post_attention_layernorm'));
    put('kv_a_norm', weight('self_attn.kv_a_layernorm'));
    put('o', weight('self_attn.o_proj'));

    const partMajor = (values: number[], width: number): number[] => {
      const rows = rowsOf(values, width);
      const isRope = (row: number): boolean => row % (nope + rope) >= nope;
      return [...rows.filter((_, row) => !isRope(row)), ...rows.filter((_, row) => isRope(row))].flat();
    };
    const kvA = weight('self_attn.kv_a_proj_with_mqa');
    if (config.qLoraRank === null) {
      put('q_kv_a', [...partMajor(weight('self_attn.q_proj'), hidden), ...kvA]);
    } else {
      put('q_a_kv_a', [...weight('self_attn.q_a_proj'), ...kvA]);
      put('q_a_norm', weight('self_attn.q_a_layernorm'));
      put('q_b', partMajor(weight('self_attn.q_b_proj'), config.qLoraRank));
    }
    const heads = rowsOf(weight('self_attn.kv_b_proj'), (nope + vHeadDim) * rank);
    if (heads.length !== numHeads) throw new Error('kv_b does not have one part per head');
    put(
      'w_uk',
      heads.flatMap((head) => head.slice(0, nope * rank)),
    );
    put(
      'w_uv',
      heads.flatMap((head) => head.slice(nope * rank)),
    );

    const isMoe = layer >= config.firstKDenseReplace && config.numRoutedExperts > 0;
    if (!isMoe) {
      put('gate_up', [...weight('mlp.gate_proj'), ...weight('mlp.up_proj')]);
      put('down', weight('mlp.down_proj'));
      continue;
    }
    put('router', weight('mlp.gate'));
    const [gate, up, down] = ['gate', 'up', 'down'].map((part) => weight(`mlp.shared_experts.${part}_proj`));
    if (!stacksShared) {
      put('shared_gate_up', [...gate!, ...up!]);
      put('shared_down', down!);
    }
    const width = config.moeIntermediateSize;
    const shared = Array.from({ length: stacksShared ? config.numSharedExperts : 0 }, (_, expert) => {
      const own = <T>(list: T[]): T[] => list.slice(expert * width, (expert + 1) * width);
      const columns = rowsOf(down!, config.numSharedExperts * width).flatMap(own);
      return { gate: own(rowsOf(gate!, hidden)), up: own(rowsOf(up!, hidden)), down: columns };
    });
    const routed = Array.from({ length: config.numRoutedExperts }, (_, expert) => {
      const [gate, up, down] = ['gate', 'up', 'down'].map((part) => weight(`mlp.experts.${expert}.${part}_proj`));
      return { gate: rowsOf(gate!, hidden), up: rowsOf(up!, hidden), down: down! };
    });
    const experts = [...routed, ...shared];
    put(
      'experts_gate_up',
      experts.flatMap(({ gate, up }) => gate.flatMap((row, i) => [...row, ...up[i]!])),
    );
    put(
      'experts_down',
      experts.flatMap(({ down }) => down),
    );
  }
  return packed;
}

/** Values of a tensor by the definition of the formats: sign, exponent and fraction. */
export function decodeNaively(dtype: string, bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: number[] = [];
  switch (dtype) {
    case 'F32':
      for (let i = 0; i < bytes.byteLength; i += 4) values.push(view.getFloat32(i, true));
      break;
    case 'BF16':
      for (let i = 0; i < bytes.byteLength; i += 2) values.push(fromBits(view.getUint16(i, true), 8, 7));
      break;
    case 'F16':
      for (let i = 0; i < bytes.byteLength; i += 2) values.push(fromBits(view.getUint16(i, true), 5, 10));
      break;
    default:
      throw new Error(dtype);
  }
  return values;
}

function fromBits(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >> (exponentBits + fractionBits) ? -1 : 1;
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}
