import { openCheckpoint } from '../checkpoint/checkpoint.ts';
import { readGenerationConfig } from '../checkpoint/generation-config.ts';
import type { DeepseekV2Config } from '../deepseek-v2/config.ts';
import { type PackPlan, planPackedWeights } from '../deepseek-v2/packed-weights.ts';
import { readModelConfig } from '../deepseek-v2/parse-config.ts';
import { CheckpointError } from '../errors.ts';
import { checkTensors } from '../packing/check-tensors.ts';
import { layOut } from '../packing/layout.ts';
import { loadChatTemplate } from '../text/chat-template.ts';
import { loadTokenizer } from '../text/tokenizer.ts';
import { checkMemoryNeeds, type MemoryNeeds } from './check-memory.ts';
import type { Check } from './doctor-report.ts';
import { formatBytes, formatCount, oneLine } from './format.ts';
import { resolveModelFolder } from './model-folder.ts';

export interface ModelCheckOptions extends Omit<MemoryNeeds, 'packedBytes'> {
  /** null: the shipped model. */
  readonly model: string | null;
}

/** Findings about one checkpoint, and the bytes of its packed weights where they are known. */
export async function checkModel(
  options: ModelCheckOptions,
): Promise<{ readonly checks: readonly Check[]; readonly packedBytes: number | null }> {
  const base = { id: 'model', title: options.model === null ? 'Shipped model' : 'Model' } as const;
  try {
    const folder = resolveModelFolder(options.model);
    const config = await readModelConfig(folder);
    const plan = planPackedWeights(config, options.precision);
    const sourceBytes = await checkWeights(folder, plan);
    const packedBytes = layOut(plan, options.precision).byteLength;
    const layers = `${config.numLayers} layers, ${config.numRoutedExperts || 'no'} routed experts`;
    const checks: Check[] = [
      {
        ...base,
        status: 'ok',
        message: `${folder}: ${layers}, all tensors present (${formatBytes(sourceBytes)})`,
        details: { folder, ...config, checkpointBytes: sourceBytes },
      },
      await checkText(folder, config),
      ...checkMemoryNeeds(config, { ...options, packedBytes }),
    ];
    return { checks, packedBytes };
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    return { checks: [{ ...base, status: 'failure', message: oneLine(error.message) }], packedBytes: null };
  }
}

/** Bytes of the checkpoint's tensors. @throws CheckpointError when they are not those of the model */
async function checkWeights(folder: string, plan: PackPlan): Promise<number> {
  const checkpoint = await openCheckpoint(folder);
  try {
    checkTensors(checkpoint, plan);
    return [...checkpoint.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  } finally {
    await checkpoint.close();
  }
}

async function checkText(folder: string, config: DeepseekV2Config): Promise<Check> {
  await readGenerationConfig(folder);
  const tokenizer = await loadTokenizer(folder);
  const hasTemplate = (await loadChatTemplate(folder, tokenizer)).exists;
  const sizes = `${formatCount(tokenizer.size)} tokens (the model has ${formatCount(config.vocabSize)})`;
  const template = hasTemplate ? 'chat template' : 'no chat template: /v1/chat/completions needs --chat-template';
  const fits = tokenizer.size <= config.vocabSize;
  return {
    id: 'tokenizer',
    title: 'Tokenizer',
    status: fits ? (hasTemplate ? 'ok' : 'warning') : 'failure',
    message: `${sizes}, ${template}`,
    details: { tokens: tokenizer.size, vocabSize: config.vocabSize, hasChatTemplate: hasTemplate },
  };
}
