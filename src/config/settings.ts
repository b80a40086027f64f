import { z } from 'zod';
import { LOG_LEVELS } from '../telemetry/logger.ts';
import {
  bytes,
  choice,
  count,
  device,
  duration,
  onOff,
  orAuto,
  originList,
  share,
  text,
  textList,
} from './value-schemas.ts';

export type SettingGroup = 'Model' | 'Server' | 'Engine';

/** One row of the table. The key gives all names: `maxModelLen`, `--max-model-len`, `LATENT_SERVE_MAX_MODEL_LEN`. */
export interface Setting {
  readonly group: SettingGroup;
  /** Placeholder of the value in --help; null for a switch, which also has a `--no-` form. */
  readonly value: string | null;
  /** The flag may be given several times; the variable holds a comma separated list. */
  readonly repeatable?: true;
  readonly description: string;
  /** What --help shows where the default itself says nothing. */
  readonly defaultText?: string;
  /** Checks a value from any source; carries the default. */
  readonly schema: z.ZodType;
}

/** vLLM's word for "leave OpenAI's defaults" is accepted beside ours. */
const generationConfig = z.preprocess((value) => (value === 'vllm' ? 'none' : value), choice(['auto', 'none']));

/**
 * Every setting of `serve`: the only place where one is named, described, checked and given its default. Flag names
 * are vLLM's where vLLM has the setting. Order and groups are those of --help.
 */
export const SETTINGS = {
  model: {
    group: 'Model',
    value: 'FOLDER',
    description: 'checkpoint to serve: a folder with config.json, tokenizer.json and safetensors; same as MODEL',
    defaultText: 'the shipped model',
    schema: text('the path of a folder').nullable().default(null),
  },
  servedModelName: {
    group: 'Model',
    value: 'NAME',
    repeatable: true,
    description:
      'name of the model in the API; the first one is shown, further ones and "default" and "deepseek-chat" are aliases',
    defaultText: 'name of the folder',
    schema: textList('one or more names').default([]),
  },
  maxModelLen: {
    group: 'Model',
    value: 'TOKENS',
    description: 'longest sequence, prompt and answer together (8k = 8,000, 8K = 8,192)',
    defaultText: 'what the model allows and the memory holds',
    schema: orAuto(count({ min: 2 })).default(null),
  },
  chatTemplate: {
    group: 'Model',
    value: 'FILE',
    description: 'Jinja chat template to use instead of the one in the checkpoint',
    defaultText: "the checkpoint's",
    schema: text('the path of a file').nullable().default(null),
  },
  trustRequestChatTemplate: {
    group: 'Model',
    value: null,
    description: 'let requests bring a chat_template of their own; only for clients that you trust',
    schema: onOff().default(false),
  },
  toolCallParser: {
    group: 'Model',
    value: 'auto|deepseek_v2|json',
    description: "how the model writes tool calls: with DeepSeek's marks or as JSON; auto: as the chat template has it",
    schema: choice(['auto', 'deepseek_v2', 'json']).default('auto'),
  },
  reasoningParser: {
    group: 'Model',
    value: 'none|deepseek_r1',
    description: 'deepseek_r1: answer with <think>…</think> as reasoning_content, for models tuned to reason',
    schema: choice(['none', 'deepseek_r1']).default('none'),
  },
  generationConfig: {
    group: 'Model',
    value: 'auto|none',
    description: "sampling defaults: the checkpoint's generation_config.json, or none but OpenAI's",
    schema: generationConfig.default('auto'),
  },
  device: {
    group: 'Model',
    value: 'cpu|cuda|cuda:N',
    description: 'where the model runs: on the CPU, or on an NVIDIA GPU (number N, counted from 0)',
    schema: device().default('cpu'),
  },
  dtype: {
    group: 'Model',
    value: 'auto|float32|bfloat16|float16',
    description: 'element type on a GPU (auto: bfloat16); the CPU computes in float32',
    schema: choice(['auto', 'float32', 'bfloat16', 'float16']).default('auto'),
  },
  quantization: {
    group: 'Model',
    value: 'none|int8',
    description: "int8: a GPU keeps the routed experts' weights in 8 bits, in half the memory",
    schema: choice(['none', 'int8']).default('none'),
  },
  cudaKernels: {
    group: 'Model',
    value: 'auto|portable',
    description: 'GPU kernels: the fastest for the card and the model, or those that run on every card',
    schema: choice(['auto', 'portable']).default('auto'),
  },
  cudaSampler: {
    group: 'Model',
    value: 'device|host',
    description:
      'where tokens are chosen when the model runs on a GPU (host: in the engine thread, from logits that are copied)',
    schema: choice(['device', 'host']).default('device'),
  },
  loadFormat: {
    group: 'Model',
    value: 'auto|dummy',
    description: 'dummy: random weights in the shape of config.json, for benchmarks; no weight file is read',
    schema: choice(['auto', 'dummy']).default('auto'),
  },
  numThreads: {
    group: 'Model',
    value: 'N',
    description: 'threads that compute',
    defaultText: 'one per core',
    schema: orAuto(count({ min: 1, max: 1024 })).default(null),
  },
  cacheDir: {
    group: 'Model',
    value: 'FOLDER',
    description: 'where packed weights are kept between starts',
    defaultText: '$XDG_CACHE_HOME/latent-serve or ~/.cache/latent-serve',
    schema: text('the path of a folder').nullable().default(null),
  },
  host: {
    group: 'Server',
    value: 'ADDRESS',
    description: 'address to listen on; 0.0.0.0 for all',
    schema: text('an address or a host name').default('127.0.0.1'),
  },
  port: {
    group: 'Server',
    value: 'PORT',
    description: 'port to listen on; 0 takes a free one',
    schema: count({ min: 0, max: 65_535 }).default(8000),
  },
  apiKey: {
    group: 'Server',
    value: 'KEY',
    repeatable: true,
    description: 'key that clients must send as "Authorization: Bearer KEY"; any of several is accepted',
    defaultText: 'no key needed',
    schema: textList('one or more keys').default([]),
  },
  allowedOrigins: {
    group: 'Server',
    value: 'ORIGIN',
    repeatable: true,
    description:
      'origin such as https://chat.example.com whose pages may call the server from a browser; * is any, none is none',
    defaultText: '*',
    schema: originList().default(['*']),
  },
  shutdownTimeout: {
    group: 'Server',
    value: 'SECONDS',
    description: 'time that running requests have to finish after SIGTERM or Ctrl-C',
    schema: duration('seconds', { min: 0, max: 86_400 }).default(30),
  },
  logLevel: {
    group: 'Server',
    value: 'LEVEL',
    description: LOG_LEVELS.join(', '),
    schema: choice(LOG_LEVELS).default('info'),
  },
  logFormat: {
    group: 'Server',
    value: 'auto|json|pretty',
    description: 'log lines for machines or for people; auto: pretty on a terminal',
    schema: choice(['auto', 'json', 'pretty']).default('auto'),
  },
  maxNumSeqs: {
    group: 'Engine',
    value: 'N',
    description: 'sequences that run at once; more wait in the queue',
    defaultText: '64 on the CPU, 256 on a GPU',
    schema: orAuto(count({ min: 1, max: 4096 })).default(null),
  },
  maxNumBatchedTokens: {
    group: 'Engine',
    value: 'TOKENS',
    description: 'tokens that one step computes',
    defaultText: 'measured at start: the most that stays under --step-target-ms',
    schema: orAuto(count({ min: 1, max: 131_072 })).default(null),
  },
  stepTargetMs: {
    group: 'Engine',
    value: 'MS',
    description: 'longest step: the gap that a long prompt may tear into the other streams',
    schema: duration('milliseconds', { min: 1, max: 60_000 }).default(200),
  },
  kvCacheMemoryBytes: {
    group: 'Engine',
    value: 'BYTES',
    description: 'memory for the latent cache (512M, 2G, 1GiB)',
    defaultText: 'on CPU a quarter of what is free once the weights are loaded, on a GPU what its share leaves',
    schema: orAuto(bytes({ min: 1024 })).default(null),
  },
  kvCacheDtype: {
    group: 'Engine',
    value: 'auto|fp8|int8',
    description:
      'element type of the latent cache on a GPU (fp8: e4m3, int8: whole numbers, either 1.76 times the tokens of 16 bits; auto: the dtype)',
    schema: choice(['auto', 'fp8', 'int8']).default('auto'),
  },
  gpuMemoryUtilization: {
    group: 'Engine',
    value: 'SHARE',
    description: "share of the GPU's memory that the server may fill",
    schema: share().default(0.9),
  },
  enablePrefixCaching: {
    group: 'Engine',
    value: null,
    description: 'keep the latents of finished prompts for requests that begin alike',
    schema: onOff().default(true),
  },
  maxNumQueuedReqs: {
    group: 'Engine',
    value: 'N',
    description: 'requests that may wait; one more is answered with 429',
    schema: count({ min: 1, max: 1_000_000 }).default(1024),
  },
  maxQueueWait: {
    group: 'Engine',
    value: 'SECONDS',
    description: 'longest wait in the queue before a request is given up with 503',
    schema: duration('seconds', { min: 0.1, max: 86_400 }).default(300),
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingKey = keyof typeof SETTINGS;

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

/** `maxModelLen` as it is spelt on the command line without its dashes, and in a file: `max-model-len`. */
export function kebabName(key: SettingKey): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `maxModelLen` as an environment variable: `LATENT_SERVE_MAX_MODEL_LEN`. */
export function variableName(key: SettingKey): string {
  return `LATENT_SERVE_${kebabName(key).replaceAll('-', '_').toUpperCase()}`;
}
