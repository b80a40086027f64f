import { type DestinationStream, type Logger, type LoggerOptions, destination as openDestination, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface CreateLoggerOptions {
  readonly level: LogLevel;
  /** Lines for people instead of JSON. Defaults to whether stdout is a terminal. */
  readonly pretty?: boolean;
  /** Where lines go. Defaults to stdout. */
  readonly destination?: DestinationStream;
}

/** Keys whose values never reach a log: at the top of a record and up to two levels down (`req.headers.cookie`). */
const SECRET_KEYS = ['.authorization', '.cookie', '.apiKey', '.apiKeys', '.api_key', '["api-key"]', '["x-api-key"]'];

/**
 * A structured logger. It writes synchronously and without a transport worker, so that the last lines are out even
 * when the process is ended from native code.
 */
export function createLogger(options: CreateLoggerOptions): Logger {
  const stdoutIsTerminal = process.stdout.isTTY === true;
  const destination = options.destination ?? openDestination({ fd: 1, sync: true });
  const loggerOptions: LoggerOptions = {
    level: options.level,
    base: null,
    timestamp: isoTime,
    redact: {
      paths: SECRET_KEYS.flatMap((key) => [key.replace(/^\./, ''), `*${key}`, `*.*${key}`]),
      censor: '[redacted]',
    },
  };
  if (options.pretty ?? stdoutIsTerminal) {
    const colorize = stdoutIsTerminal && options.destination === undefined;
    return pino(loggerOptions, prettyStream(destination, colorize));
  }
  return pino(loggerOptions, destination);
}

function isoTime(): string {
  return `,"time":"${new Date().toISOString()}"`;
}

function prettyStream(destination: DestinationStream, colorize: boolean): DestinationStream {
  const prettify = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l' });
  return { write: (line) => destination.write(prettify(line)) };
}
