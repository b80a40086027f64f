import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built program as a child process; the environment holds only what is given (and PATH, HOME). */
export class Cli {
  readonly child: ChildProcessWithoutNullStreams;
  readonly result: Promise<CliResult>;
  #stdout = '';
  #stderr = '';
  readonly #onOutput = new Set<() => void>();

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    if (!existsSync(MAIN)) throw new Error('dist/ is missing: run npm run build');
    const { PATH = '', HOME = '' } = process.env;
    this.child = spawn(process.execPath, [MAIN, ...args], { env: { PATH, HOME, ...env } });
    this.child.stdout.on('data', (data: Buffer) => {
      this.#stdout += data.toString();
      for (const notify of this.#onOutput) notify();
    });
    this.child.stderr.on('data', (data: Buffer) => {
      this.#stderr += data.toString();
    });
    this.result = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
        for (const notify of this.#onOutput) notify();
      });
    });
  }

  /** Resolves with the match once stdout has it; rejects when the program ends without. */
  async stdoutMatching(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#stdout);
      if (match) return match;
      if (this.child.exitCode !== null) throw new Error(`ended before ${pattern}: ${this.#stdout}${this.#stderr}`);
      await new Promise<void>((resolve) => {
        const notify = (): void => {
          this.#onOutput.delete(notify);
          resolve();
        };
        this.#onOutput.add(notify);
      });
    }
  }
}

/** Runs the program to its end. */
export function runCli(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Promise<CliResult> {
  const cli = new Cli(args, options.env);
  cli.child.stdin.end(options.input ?? '');
  return cli.result;
}
