import { exitNow } from '../onnxruntime/process-exit.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { RunningServer } from './start-server.ts';

/** Beyond the time for requests: how long stopping the threads may take before the process is ended by force. */
const STOP_MS = 10_000;

/**
 * SIGTERM or SIGINT drains the server, a second one ends the running requests, a third one the process.
 * @returns resolves with the exit code once the server has stopped; the log is written synchronously
 */
export function onShutdownSignals(
  server: Pick<RunningServer, 'close' | 'abort' | 'isReady'>,
  drainSeconds: number,
  logger: Logger,
): Promise<number> {
  return new Promise((resolve) => {
    let count = 0;
    let watchdog: NodeJS.Timeout | undefined;
    const endWithin = (milliseconds: number): void => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => {
        logger.fatal('a thread does not stop; ending the process');
        exitNow(1);
      }, milliseconds);
    };
    const first = (signal: NodeJS.Signals): void => {
      if (!server.isReady) {
        // There is nothing to finish, and loading cannot be interrupted.
        logger.info(`${signal}: stopped while loading`);
        exitNow(0);
      }
      logger.info(`${signal}: finishing running requests, for at most ${drainSeconds} s; again to end them now`);
      endWithin(drainSeconds * 1000 + STOP_MS);
      server.close().then(
        () => {
          clearTimeout(watchdog);
          logger.info('stopped');
          resolve(0);
        },
        (error: unknown) => {
          logger.fatal({ err: error }, 'stopping failed');
          exitNow(1);
        },
      );
    };
    const onSignal = (signal: NodeJS.Signals): void => {
      count++;
      if (count === 1) first(signal);
      else if (count === 2) {
        logger.warn(`${signal} again: ending running requests`);
        endWithin(STOP_MS);
        server.abort();
      } else {
        exitNow(1);
      }
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
