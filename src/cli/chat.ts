import { randomBytes } from 'node:crypto';
import type { Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load-config.ts';
import { ConfigError } from '../errors.ts';
import { createLogger } from '../telemetry/logger.ts';
import { ChatClient, type ChatOptions } from './chat-client.ts';
import { runChatLoop } from './chat-loop.ts';
import { LaunchReporter } from './launch-reporter.ts';
import type { SettingFlags } from './setting-options.ts';

export interface ChatCommand {
  /** Of a running server; without it one is started for this conversation. */
  readonly url?: string | undefined;
  /** Of the server at `url`. */
  readonly apiKey?: string | undefined;
  readonly system?: string | undefined;
  readonly chat: ChatOptions;
  /** Folder, or with `url` the name of the model; absent: the shipped model, or the first that the server lists. */
  readonly model?: string | undefined;
  readonly flags: SettingFlags;
  readonly file?: string | undefined;
  readonly env: Environment;
}

/**
 * Talks to a model in the terminal.
 * @throws ChatError, CheckpointError, ConfigError
 */
export async function chat(command: ChatCommand): Promise<void> {
  if (command.url !== undefined) {
    const client = new ChatClient(checkedUrl(command.url), keyOf(command));
    await talk(client, command.model ?? (await client.firstModel()), command);
    return;
  }
  // Nobody else on this machine gets to talk to it.
  const apiKey = randomBytes(24).toString('base64url');
  const flags = {
    ...command.flags,
    host: '127.0.0.1',
    port: 0,
    apiKey: [apiKey],
    logLevel: 'warn',
    shutdownTimeout: 0,
  };
  const config = loadConfig({ flags, env: command.env, file: command.file });
  const logger = createLogger({ level: config.logLevel, pretty: true, destination: process.stderr });
  const reporter = new LaunchReporter(logger, process.stderr.isTTY === true ? process.stderr : null);
  // Loaded here: talking to a running server needs none of it.
  const { startServer } = await import('./start-server.ts');
  const server = await startServer(config, { logger, onEvent: (event) => reporter.report(event) });
  try {
    await server.ready.finally(() => reporter.stop());
    await talk(new ChatClient(server.url, apiKey), server.names[0], command);
  } finally {
    await server.close();
  }
}

async function talk(client: ChatClient, model: string, command: ChatCommand): Promise<void> {
  await runChatLoop({
    client,
    model,
    system: command.system ?? null,
    chat: command.chat,
    input: process.stdin,
    output: process.stdout,
    isInteractive: process.stdin.isTTY === true && process.stdout.isTTY === true,
  });
}

function checkedUrl(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new ConfigError(`--url must be the address of a server such as http://127.0.0.1:8000, not "${url}"`);
  }
  return url;
}

function keyOf({ apiKey, env }: ChatCommand): string | null {
  return apiKey ?? (env['LATENT_SERVE_API_KEY']?.split(',')[0] || null);
}
