#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { CheckpointError, ConfigError } from '../errors.ts';
import { ChatError } from './chat-client.ts';
import { oneLine } from './format.ts';
import { buildProgram } from './program.ts';

const STDERR = 2;

/** What people can act on is one line; anything else is a bug and comes with its stack. */
function describe(error: unknown): string {
  if (error instanceof CheckpointError || error instanceof ConfigError || error instanceof ChatError) {
    return `latent-serve: ${oneLine(error.message)}\n`;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `latent-serve: unexpected error; please report it\n${stack}\n`;
}

/** A start that failed may leave threads inside native calls, which an ordinary exit would wait for. */
async function fail(error: unknown): Promise<void> {
  writeSync(STDERR, describe(error));
  const { exitNow } = await import('../onnxruntime/process-exit.ts');
  exitNow(1);
}

// The reader of a pipe may leave early, as in "latent-serve --help | head -1".
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const program = buildProgram(process.env);
if (process.argv.length <= 2) program.outputHelp();
else program.parseAsync().catch(fail);
