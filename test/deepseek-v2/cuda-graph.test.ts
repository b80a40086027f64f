import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LATENT_SERVE_DOMAIN } from '../../src/cuda/custom-op-domain.ts';
import type { CudaDevice } from '../../src/cuda/device.ts';
import { CudaOps } from '../../src/cuda/ops/cuda-ops.ts';
import { CudaAttention } from '../../src/deepseek-v2/cuda-attention.ts';
import { cudaDense } from '../../src/deepseek-v2/cuda-dense.ts';
import { cudaExperts } from '../../src/deepseek-v2/cuda-experts.ts';
import { cudaFusions } from '../../src/deepseek-v2/cuda-fusions.ts';
import { type KvCacheDtype, latentRow } from '../../src/deepseek-v2/latent-row.ts';
import { buildModelGraph } from '../../src/deepseek-v2/model-graph.ts';
import { parseDeepseekV2Config } from '../../src/deepseek-v2/parse-config.ts';
import type { Precision } from '../../src/deepseek-v2/precision.ts';
import { encodeModel } from '../../src/onnx/encoder.ts';
import { CustomOpDomain } from '../../src/onnxruntime/custom-op-domain.ts';
import { Env } from '../../src/onnxruntime/env.ts';
import { openOnnxRuntime } from '../../src/onnxruntime/library.ts';
import { Session } from '../../src/onnxruntime/session.ts';
import { SessionOptions } from '../../src/onnxruntime/session-options.ts';
import { makeDummyWeights } from '../../src/packing/dummy-weights.ts';
import { V2, V2_LITE } from './published-configs.ts';

const SMALL = {
  num_hidden_layers: 2,
  vocab_size: 512,
  hidden_size: 256,
  intermediate_size: 256,
  moe_intermediate_size: 64,
  bos_token_id: 0,
  eos_token_id: 1,
};
/** What the operators ask a device for before they compute anything. */
const NO_DEVICE = { computeCapability: [9, 0], driver: null } as unknown as CudaDevice;

let cacheRoot: string;
beforeAll(() => {
  cacheRoot = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
});
afterAll(() => rmSync(cacheRoot, { recursive: true }));

it.each<[string, Precision['experts'], object, KvCacheDtype]>([
  ['V2-Lite', 'f32', { ...V2_LITE, ...SMALL, n_routed_experts: 8 }, 'auto'],
  ['V2-Lite with int8 experts', 'u8', { ...V2_LITE, ...SMALL, n_routed_experts: 8 }, 'auto'],
  ['V2-Lite with fp8 latents', 'f32', { ...V2_LITE, ...SMALL, n_routed_experts: 8 }, 'fp8'],
  ['V2-Lite with int8 latents', 'f32', { ...V2_LITE, ...SMALL, n_routed_experts: 8 }, 'int8'],
  [
    'V2',
    'f32',
    {
      ...V2,
      ...SMALL,
      n_routed_experts: 16,
      n_group: 8,
      q_lora_rank: 64,
      num_attention_heads: 16,
      num_key_value_heads: 16,
    },
    'auto',
  ],
])(
  'ONNX Runtime takes the CUDA graph of %s with the operators as they declare themselves',
  async (_, experts, json, kvCacheDtype) => {
    const config = parseDeepseekV2Config(json, 'config.json');
    const precision = { stream: 'f32', experts } as const;
    const packed = await makeDummyWeights({ config, precision, cacheRoot });
    const runtime = openOnnxRuntime();
    const { code } = latentRow(config, precision.stream, kvCacheDtype);
    using ops = new CudaOps(NO_DEVICE, precision.stream, 'auto', code);
    using domain = new CustomOpDomain(runtime, LATENT_SERVE_DOMAIN);
    // Here is no GPU to place the nodes on.
    for (const op of ops.all) domain.registerCustomOp({ ...op, provider: 'cpu' });
    const graph = buildModelGraph({
      config,
      precision,
      weights: packed.tensors,
      weightsFile: packed.weightsFile,
      attention: (context) => new CudaAttention(context, { blockSize: 64, kvCacheDtype }),
      experts: cudaExperts(),
      dense: cudaDense(),
      fusions: cudaFusions,
    });
    // ONNX Runtime keeps what nobody reads until the run ends: scratch memory of all layers would add up.
    const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
    const ours = graph.nodes.filter(({ domain }) => domain === LATENT_SERVE_DOMAIN);
    // The residual stream ends with the last layer: that one is not read.
    const last = ours.findLast(({ opType }) => /^(Routed|Quantized)Experts$/.test(opType))!;
    expect(ours.flatMap(({ outputs }) => outputs).filter((output) => !read.has(output))).toEqual([last.outputs[1]]);
    // Nor may a captured step hold a Split into unequal parts (emit-context.ts).
    const used = new Set(graph.nodes.map(({ opType }) => opType));
    expect(used).not.toContain('Split');
    // What a kernel of its own computes has no plain operators left.
    const replaced = [
      'Sigmoid',
      'SimplifiedLayerNormalization',
      'SkipSimplifiedLayerNormalization',
      'Transpose',
      'MatMul',
      'FusedMatMul',
      'Cos',
      'Cast',
      'Slice',
    ];
    for (const opType of replaced) expect(used).not.toContain(opType);
    const model = encodeModel(graph);
    using env = new Env(runtime);
    using options = new SessionOptions(runtime, {
      configEntries: { 'session.model_external_initializers_file_folder_path': packed.folder },
    });
    options.addCustomOpDomain(domain);
    using session = new Session(env, model, options);
    const step = ['token_ids', 'positions', 'logit_rows', 'slots', 'first_tokens', 'context_lengths', 'block_table'];
    expect(session.inputNames.toSorted()).toEqual([...step, 'pool.0', 'pool.1'].toSorted());
  },
);
