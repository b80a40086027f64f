import { printable, quoted } from '../checkpoint/quoted.ts';
import { CheckpointError } from '../errors.ts';

const ARCHITECTURE = 'DeepseekV2ForCausalLM';
const MODEL_TYPE = 'deepseek_v2';
const SUPPORTED = `supported is ${ARCHITECTURE} (model_type ${MODEL_TYPE}): DeepSeek-V2, V2-Lite, V2.5, Coder-V2 and models tuned from them`;

/** Why the nearest relatives are not the same thing. */
const RELATIVES: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/^DeepseekForCausalLM$|^deepseek$/, 'this is a DeepSeek V1 model (DeepSeekMoE 16B), which has no MLA'],
  [
    /^DeepseekV3|^deepseek_v3|^kimi_k2/,
    'this is a DeepSeek-V3 model (or one built like it), whose router scores experts differently',
  ],
  [/^DeepseekV2For|^DeepseekV2Model$/, 'only models with a language-model head can be served'],
];

/**
 * Refuses every model that is not a DeepSeek-V2 language model, by name.
 * @throws CheckpointError
 */
export function requireSupportedArchitecture(json: Record<string, unknown>, file: string): void {
  const architectures = Array.isArray(json['architectures']) ? json['architectures'].map(String) : [];
  const modelType = typeof json['model_type'] === 'string' ? json['model_type'] : null;
  const nested = ['language_config', 'text_config'].find((key) => isObject(json[key]));
  if (nested !== undefined) {
    const name = printable(architectures[0] ?? modelType ?? 'this model').slice(0, 100);
    throw new CheckpointError(
      file,
      `${name} is multimodal (its language model is nested in ${nested}) and is not supported; ${SUPPORTED}`,
    );
  }
  if (architectures.length === 0 && modelType === null) {
    throw new CheckpointError(file, `names neither architectures nor model_type; ${SUPPORTED}`);
  }
  const rightClass = architectures.length === 0 || architectures.includes(ARCHITECTURE);
  if (rightClass && (modelType === null || modelType === MODEL_TYPE)) return;

  const names = [...architectures, ...(modelType === null ? [] : [modelType])];
  const wrong = rightClass ? modelType! : architectures[0]!;
  const hint = RELATIVES.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1];
  throw new CheckpointError(
    file,
    `${rightClass ? 'model_type' : 'architecture'} ${quoted(wrong)} is not supported${hint ? ` (${hint})` : ''}; ${SUPPORTED}`,
  );
}

/**
 * Refuses quantised checkpoints by the name of their method.
 * @throws CheckpointError
 */
export function refuseQuantization(json: Record<string, unknown>, file: string): void {
  const quantization = json['quantization_config'] ?? json['compression_config'];
  if (quantization == null) return;
  const method = isObject(quantization) ? quantization['quant_method'] : undefined;
  throw new CheckpointError(
    file,
    `the weights are quantised${typeof method === 'string' ? ` (${quoted(method)})` : ''}; only bf16, fp16 and fp32 weights are read`,
  );
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
