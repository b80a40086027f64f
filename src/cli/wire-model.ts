import path from 'node:path';
import { type GenerationConfig, readGenerationConfig } from '../checkpoint/generation-config.ts';
import type { ServeConfig } from '../config/serve-config.ts';
import { readModelConfig } from '../deepseek-v2/parse-config.ts';
import type { EngineClient } from '../engine/engine-client.ts';
import type { EngineObserver } from '../engine/engine-observer.ts';
import type { EngineSettings, LaunchEvent } from '../engine/engine-settings.ts';
import { launchEngine } from '../engine/launch-engine.ts';
import { CheckpointError } from '../errors.ts';
import type { GenerationDefaults } from '../openai/served-model.ts';
import { defaultCacheRoot } from '../packing/cache-root.ts';
import { loadTokenizer } from '../text/tokenizer.ts';
import { maxNumSeqsOf, toDeviceSpec } from './device-spec.ts';
import type { LoadedModel } from './loading-model.ts';
import { ModelText, openChatTemplate } from './model-text.ts';

/** A model with its engine running. */
export interface WiredModel extends LoadedModel {
  readonly engine: EngineClient;
  /** Resolves when the engine has failed; its requests have got their errors by then. */
  readonly failed: Promise<Error>;
  /** Stops all threads of the model; no request may be under way. */
  stop(): Promise<void>;
}

export interface WireOptions {
  readonly config: ServeConfig;
  /** Of the checkpoint. */
  readonly folder: string;
  readonly observer: EngineObserver;
  readonly onEvent: (event: LaunchEvent) => void;
}

/** Names that the examples of the DeepSeek-V2 README and of LangChain use; served beside the model's own. */
const ALIASES = ['default', 'deepseek-chat'];

/** By the value of --tool-call-parser. */
const TOOL_FORMATS = { auto: null, deepseek_v2: 'deepseek', json: 'json' } as const;

/** The names of a model: those that were asked for, or its folder's; then the aliases. */
export function servedNames(names: readonly string[], folder: string): readonly [string, ...string[]] {
  const [first = path.basename(folder), ...others] = names;
  return [first, ...new Set([...others, ...ALIASES].filter((name) => name !== first))];
}

/**
 * Reads a checkpoint and starts the engine on it.
 * @throws CheckpointError naming the file at fault, ConfigError
 */
export async function wireModel({ config, folder, observer, onEvent }: WireOptions): Promise<WiredModel> {
  const model = await readModelConfig(folder);
  const generation: GenerationConfig = config.generationConfig === 'none' ? {} : await readGenerationConfig(folder);
  const tokenizer = await loadTokenizer(folder);
  if (tokenizer.size > model.vocabSize) {
    const reason = `has ${tokenizer.size} tokens, more than the ${model.vocabSize} of the model (vocab_size in config.json)`;
    throw new CheckpointError(path.join(folder, 'tokenizer.json'), reason);
  }
  const template = await openChatTemplate(config.chatTemplate, folder, tokenizer);
  const ownEnd = tokenizer.eosTokenId === null ? [] : [tokenizer.eosTokenId];
  const settings: EngineSettings = {
    modelFolder: folder,
    model,
    tokenizerSize: tokenizer.size,
    eosTokenIds: [...new Set([...model.eosTokenIds, ...(generation.eosTokenIds ?? []), ...ownEnd])],
    cacheRoot: config.cacheDir === null ? defaultCacheRoot() : path.resolve(config.cacheDir),
    device: toDeviceSpec(config),
    loadFormat: config.loadFormat,
    gpuMemoryUtilization: config.gpuMemoryUtilization,
    maxModelLen: config.maxModelLen,
    maxNumSeqs: maxNumSeqsOf(config),
    maxNumBatchedTokens: config.maxNumBatchedTokens,
    stepTargetMs: config.stepTargetMs,
    kvCacheMemoryBytes: config.kvCacheMemoryBytes,
    enablePrefixCaching: config.enablePrefixCaching,
    maxQueuedRequests: config.maxNumQueuedReqs,
    maxQueueWaitMs: config.maxQueueWait * 1000,
  };
  const launched = await launchEngine(settings, { tokenizer, observer, onEvent });
  const text = new ModelText(tokenizer, template, folder, {
    toolFormat: TOOL_FORMATS[config.toolCallParser],
    reasoningFormat: config.reasoningParser === 'none' ? null : config.reasoningParser,
    trustRequestTemplates: config.trustRequestChatTemplate,
  });
  return {
    engine: launched.client,
    text,
    generationDefaults: toDefaults(generation),
    failed: launched.failed,
    stop: async () => {
      await Promise.all([launched.stop(), text.dispose()]);
    },
  };
}

function toDefaults({ eosTokenIds: _, ...defaults }: GenerationConfig): GenerationDefaults {
  return defaults;
}
