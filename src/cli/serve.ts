import type { ServeConfig } from '../config/serve-config.ts';
import { exitNow } from '../onnxruntime/process-exit.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { DTYPE_NAMES, maxNumSeqsOf, toDeviceSpec } from './device-spec.ts';
import { formatCount } from './format.ts';
import { effectiveThreads, LaunchReporter } from './launch-reporter.ts';
import { isLoopback } from './listen.ts';
import { packageVersion } from './package-root.ts';
import { onShutdownSignals } from './shutdown-signals.ts';
import { type RunningServer, startServer } from './start-server.ts';

/** After an engine failure, the time that error answers have to reach their clients. */
const FAILURE_GRACE_MS = 1000;

/**
 * Serves until a signal or a failure of the engine ends it.
 * @returns the exit code
 * @throws CheckpointError, ConfigError when the start fails; the process must then be ended with exitNow, as loading
 *   may have left threads behind
 */
export async function serve(config: ServeConfig): Promise<number> {
  const logger = createServerLogger(config);
  // An error that nobody caught: threads inside native calls would hold up an ordinary exit.
  process.once('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'unexpected error');
    exitNow(1);
  });
  const reporter = new LaunchReporter(logger, process.stderr.isTTY === true ? process.stderr : null);
  const begin = performance.now();
  const server = await startServer(config, { logger, onEvent: (event) => reporter.report(event) });
  const stopped = onShutdownSignals(server, config.shutdownTimeout, logger);
  announce(config, server, logger);
  try {
    await Promise.race([server.ready, stopped]);
  } finally {
    reporter.stop();
  }
  if (server.isReady) announceReady(config, server, logger, (performance.now() - begin) / 1000);
  return await Promise.race([stopped, failure(server, logger)]);
}

function createServerLogger({ logLevel, logFormat }: ServeConfig): Logger {
  return createLogger({ level: logLevel, ...(logFormat === 'auto' ? {} : { pretty: logFormat === 'pretty' }) });
}

function announce(config: ServeConfig, server: RunningServer, logger: Logger): void {
  const maxNumSeqs = maxNumSeqsOf(config);
  const device = toDeviceSpec(config);
  const place =
    device.type === 'cpu'
      ? `the CPU with ${effectiveThreads(device.numThreads)} threads`
      : `GPU ${device.index} in ${DTYPE_NAMES[device.precision.stream]}`;
  logger.info(
    { maxNumSeqs, ...(config.maxModelLen === null ? {} : { maxModelLen: config.maxModelLen }) },
    `latent-serve ${packageVersion()} loads ${server.folder} on ${place}`,
  );
  if (config.apiKey.length === 0 && !isLoopback(config.host)) {
    logger.warn(`no --api-key: everyone who reaches ${config.host} can use this server`);
  }
}

function announceReady(config: ServeConfig, server: RunningServer, logger: Logger, seconds: number): void {
  const names = server.names.map((name) => JSON.stringify(name)).join(', ');
  logger.info(`ready after ${formatCount(Number(seconds.toFixed(1)))} s; models: ${names}`);
  logger.info(`try it: ${curlLine(config, server)}`);
}

/** A command to paste into a shell. */
export function curlLine(
  config: Pick<ServeConfig, 'apiKey'>,
  { url, names }: Pick<RunningServer, 'url' | 'names'>,
): string {
  const content = 'List 3 countries and their capitals.';
  const body = JSON.stringify({ model: names[0], messages: [{ role: 'user', content }] });
  // The key itself stays out of the log.
  const key = config.apiKey.length > 0 ? ' -H "Authorization: Bearer $KEY"' : '';
  return `curl ${url}/v1/chat/completions${key} -H 'Content-Type: application/json' -d '${body.replaceAll("'", "'\\''")}'`;
}

async function failure(server: RunningServer, logger: Logger): Promise<number> {
  const error = await server.failed;
  logger.fatal({ err: error }, 'the engine has failed; the server ends');
  await new Promise((resolve) => setTimeout(resolve, FAILURE_GRACE_MS));
  // A dead or stuck thread must not hold up the exit.
  exitNow(1);
}
