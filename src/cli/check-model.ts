import { openCheckpoint } from '../checkpoint/checkpoint.ts';
import { readGenerationConfig } from '../checkpoint/generation-config.ts';
import type { DeepseekV2Config } from '../deepseek-v2/config.ts';
import { type PackPlan, planPackedWeights } from '../deepseek-v2/packed-weights.ts';
import { readModelConfig } from '../deepseek-v2/parse-config.ts';
import { FLOAT32 } from '../deepseek-v2/precision.ts';
import { CheckpointError } from '../errors.ts';
import { latentBytesPerToken } from '../kv-cache/latent-layout.ts';
import { checkTensors } from '../packing/check-tensors.ts';
import { layOut } from '../packing/layout.ts';
import { loadChatTemplate } from '../text/chat-template.ts';
import { loadTokenizer } from '../text/tokenizer.ts';
import { machineMemory } from './check-machine.ts';
import type { Check } from './doctor-report.ts';
import { formatBytes, formatCount, oneLine } from './format.ts';
import { resolveModelFolder } from './model-folder.ts';

const BYTES_PER_VALUE = 4;
/** Share of the free memory that the latent cache gets without --kv-cache-memory-bytes. */
const DEFAULT_CACHE_SHARE = 0.25;

export interface ModelCheckOptions {
  /** null: the shipped model. */
  readonly model: string | null;
  readonly kvCacheMemoryBytes: number | null;
  readonly maxModelLen: number | null;
}

/** Findings about one checkpoint, and the bytes of its packed weights where they are known. */
export async function checkModel(
  options: ModelCheckOptions,
): Promise<{ readonly checks: readonly Check[]; readonly packedBytes: number | null }> {
  const base = { id: 'model', title: options.model === null ? 'Shipped model' : 'Model' } as const;
  try {
    const folder = resolveModelFolder(options.model);
    const config = await readModelConfig(folder);
    const plan = planPackedWeights(config);
    const sourceBytes = await checkWeights(folder, plan);
    const packedBytes = layOut(plan, FLOAT32).byteLength;
    const layers = `${config.numLayers} layers, ${config.numRoutedExperts || 'no'} routed experts`;
    const checks: Check[] = [
      {
        ...base,
        status: 'ok',
        message: `${folder}: ${layers}, all tensors present (${formatBytes(sourceBytes)})`,
        details: { folder, ...config, checkpointBytes: sourceBytes },
      },
      await checkText(folder, config),
      ...checkMemoryNeeds(config, packedBytes, options),
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

function checkMemoryNeeds(config: DeepseekV2Config, packedBytes: number, options: ModelCheckOptions): Check[] {
  const { total, available } = machineMemory();
  const fitsNow = packedBytes < available;
  const need = `${formatBytes(packedBytes)} in fp32, ${formatBytes(available)} free of ${formatBytes(total)}`;
  const weights: Check = {
    id: 'weights',
    title: 'Weights',
    status: fitsNow ? 'ok' : packedBytes < total ? 'warning' : 'failure',
    message: fitsNow ? need : `${need}: ${packedBytes < total ? 'free some memory first' : 'they do not fit'}`,
    details: { packedBytes, totalBytes: total, availableBytes: available },
  };
  const bytesPerToken = latentBytesPerToken({ ...config, bytesPerValue: BYTES_PER_VALUE });
  const cacheBytes = options.kvCacheMemoryBytes ?? Math.max(0, available - packedBytes) * DEFAULT_CACHE_SHARE;
  const cacheTokens = Math.floor(cacheBytes / bytesPerToken);
  const wanted = options.maxModelLen ?? config.maxPositionEmbeddings;
  const context = Math.min(wanted, config.maxPositionEmbeddings, cacheTokens);
  const isShort = context < Math.min(wanted, config.maxPositionEmbeddings);
  const latents: Check = {
    id: 'context',
    title: 'Latent cache',
    status: context < 2 ? 'failure' : isShort ? 'warning' : 'ok',
    message:
      `${formatCount(bytesPerToken)} bytes a token; up to ${formatBytes(cacheBytes)} hold ${formatCount(cacheTokens)} tokens, ` +
      `so the context is ${formatCount(context)}${isShort ? ` of the ${formatCount(wanted)} wanted` : ''}`,
    details: { bytesPerToken, cacheBytes, cacheTokens, context, maxPositionEmbeddings: config.maxPositionEmbeddings },
  };
  return [weights, latents];
}
