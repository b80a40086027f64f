import { Command, InvalidArgumentError, Option } from 'commander';
import type { Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load-config.ts';
import type { ServeConfig } from '../config/serve-config.ts';
import { SETTING_KEYS, type SettingKey } from '../config/settings.ts';
import { ConfigError } from '../errors.ts';
import type { InstallCudaFlags } from './install-cuda.ts';
import { packageVersion } from './package-root.ts';
import { addSettingOptions, type SettingFlags, settingFlags } from './setting-options.ts';

type Options = Readonly<Record<string, unknown>>;

/** Settings of a server that chat starts for itself; the others it sets. */
const CHAT_KEYS = [
  'maxModelLen',
  'chatTemplate',
  'generationConfig',
  'numThreads',
  'cacheDir',
  'kvCacheMemoryBytes',
] as const satisfies readonly SettingKey[];
const DOCTOR_KEYS = [
  'model',
  'maxModelLen',
  'cacheDir',
  'host',
  'port',
  'kvCacheMemoryBytes',
  'device',
  'dtype',
  'quantization',
  'kvCacheDtype',
  'gpuMemoryUtilization',
] as const satisfies readonly SettingKey[];
const INSTALL_KEYS = ['cacheDir'] as const satisfies readonly SettingKey[];

const SERVE_NOTES = `
Settings come from --config, overridden by the environment [names in brackets; lists are comma
separated], overridden by flags.

Examples:
  latent-serve serve                                   the shipped model on http://127.0.0.1:8000
  latent-serve serve ./DeepSeek-V2-Lite-Chat --host 0.0.0.0 --api-key "$KEY" --max-model-len 16k`;
const CHAT_NOTES = `
Examples:
  latent-serve chat --system "Answer in one word."
  echo "What is the capital of France?" | latent-serve chat --url http://127.0.0.1:8000`;
const DOCTOR_NOTES = `
Exit code 0 when this machine can serve, 1 when it cannot.

Examples:
  latent-serve doctor
  latent-serve doctor ./DeepSeek-V2-Lite-Chat --json
  latent-serve doctor ./DeepSeek-V2-Lite-Chat --device cuda`;
const INSTALL_NOTES = `
What comes: ONNX Runtime's CUDA provider of exactly the version in use, and the cuBLAS, cuRAND, CUDA
runtime and NCCL libraries of CUDA 13, from pinned wheels whose SHA-256 is checked before anything is
unpacked. About 0.9 GiB are downloaded, 1.1 GiB lie on the disk afterwards. What is there already is
kept; after an interruption the next run goes on where the last one stopped.
Behind a proxy: Node.js 24 with NODE_USE_ENV_PROXY=1, or --wheels. Own certificates: NODE_EXTRA_CA_CERTS.
Needed besides: Linux on x64 with glibc 2.28 or newer, and NVIDIA's driver 580 or newer.
Exit code 0 when everything is installed, 1 when it is not.

Examples:
  latent-serve install-cuda
  latent-serve install-cuda --index-url https://pypi.example.com/simple
  latent-serve install-cuda --dry-run            what would come, and how to fetch it for --wheels
  latent-serve install-cuda --wheels ./wheels    on a machine without network`;

/** The command line. Each command's code is loaded when it runs, so that --help and --version are quick. */
export function buildProgram(env: Environment): Command {
  const program = new Command('latent-serve')
    .description('OpenAI-compatible inference server for DeepSeek-V2 models')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText(
      'after',
      '\nRun "latent-serve serve" to serve the shipped model, "latent-serve COMMAND --help" for more.',
    );
  addServe(program, env);
  addChat(program, env);
  addDoctor(program, env);
  addInstallCuda(program, env);
  return program;
}

function addServe(program: Command, env: Environment): void {
  const command = program
    .command('serve')
    .summary('serve a model over the OpenAI API')
    .description('Serves a model over the OpenAI API.')
    .argument('[MODEL]', 'folder of the checkpoint (default: the shipped model)')
    .addHelpText('after', SERVE_NOTES);
  addSettingOptions(command, SETTING_KEYS).action(async (model: string | undefined, options: Options) => {
    const config = readConfig(model, options, env);
    const { serve } = await import('./serve.ts');
    // Not process.exitCode: keep-alive timers of libraries must not hold a stopped server up.
    process.exit(await serve(config));
  });
}

function addChat(program: Command, env: Environment): void {
  const command = program
    .command('chat')
    .summary('talk to a model in the terminal')
    .description('Talks to a model in the terminal; with piped input each line is a turn and only answers are printed.')
    .argument('[MODEL]', 'folder of the checkpoint (default: the shipped model); with --url the name of the model')
    .addHelpText('after', CHAT_NOTES)
    .optionsGroup('Conversation:')
    .option('--url <URL>', 'talk to this server instead of starting one')
    .option('--api-key <KEY>', 'key of the server at --url [LATENT_SERVE_API_KEY]')
    .option('--system <TEXT>', 'system message')
    .addOption(new Option('--temperature <T>', "0 is greedy (default: the model's)").argParser(nonNegative))
    .addOption(
      new Option('--max-tokens <N>', 'longest answer (default: what the context leaves)').argParser(positiveInteger),
    );
  addSettingOptions(command, CHAT_KEYS).action(async (model: string | undefined, options: Options) => {
    const { chat } = await import('./chat.ts');
    const { url, apiKey, system, temperature, maxTokens, config: file } = options as ChatFlags;
    await chat({
      url,
      apiKey,
      system,
      model,
      chat: {
        ...(temperature === undefined ? {} : { temperature }),
        ...(maxTokens === undefined ? {} : { maxTokens }),
      },
      flags: withModel(model, chatSettings(options)),
      file,
      env,
    });
  });
}

interface ChatFlags {
  readonly url?: string;
  readonly apiKey?: string;
  readonly system?: string;
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly config?: string;
}

function addDoctor(program: Command, env: Environment): void {
  const command = program
    .command('doctor')
    .summary('what this machine can run, and why not')
    .description('Looks at this machine, at a model and at the place for its weights, and says what serving needs.')
    .argument('[MODEL]', 'folder of the checkpoint (default: the shipped model)')
    .addHelpText('after', DOCTOR_NOTES)
    .option('--json', 'print JSON');
  addSettingOptions(command, DOCTOR_KEYS).action(async (model: string | undefined, options: Options) => {
    const config = readConfig(model, options, env);
    const { doctor } = await import('./doctor.ts');
    process.exitCode = await doctor(config, options['json'] === true);
  });
}

function addInstallCuda(program: Command, env: Environment): void {
  const command = program
    .command('install-cuda')
    .summary('get what --device cuda needs')
    .description(
      "Installs everything that --device cuda needs but the GPU's driver, for this user, into the cache folder.",
    )
    .addHelpText('after', INSTALL_NOTES)
    .optionsGroup('Source:')
    .option(
      '--index-url <URL>',
      'package index to fetch wheels from (default: https://pypi.org/simple) [PIP_INDEX_URL]',
    )
    .option('--wheels <FOLDER>', 'take the wheels from this folder; the network is not used')
    .optionsGroup('Installation:')
    .option('--no-nccl', 'leave NCCL out, which only several GPUs need')
    .option('--dry-run', 'say what would be fetched, change nothing')
    .option('--prune', 'remove what was installed for other versions of ONNX Runtime');
  addSettingOptions(command, INSTALL_KEYS).action(async (options: Options) => {
    const { cacheDir } = readConfig(undefined, options, env);
    const { installCuda } = await import('./install-cuda.ts');
    await installCuda(options as unknown as InstallCudaFlags, cacheDir, env);
  });
}

/** @throws ConfigError */
function readConfig(model: string | undefined, options: Options, env: Environment): ServeConfig {
  const flags = withModel(model, settingFlags(options));
  return loadConfig({ flags, env, file: options['config'] as string | undefined });
}

function withModel(model: string | undefined, flags: SettingFlags): SettingFlags {
  if (model === undefined) return flags;
  if (flags.model !== undefined && flags.model !== model) {
    throw new ConfigError(`two models are given: ${model} and --model ${String(flags.model)}`);
  }
  return { ...flags, model };
}

function chatSettings(options: Options): SettingFlags {
  return settingFlags(Object.fromEntries(CHAT_KEYS.filter((key) => key in options).map((key) => [key, options[key]])));
}

function nonNegative(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('It must be a number, at least 0.');
  return value;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number, at least 1.');
  return value;
}
