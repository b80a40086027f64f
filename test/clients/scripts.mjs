import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Prefixes of variables that would send a client elsewhere or switch its tracing on. */
const CLIENT_VARIABLES = /^(OPENAI|AZURE_OPENAI|ANTHROPIC|DEEPSEEK|LANGCHAIN|LANGSMITH|AI_GATEWAY|HF|LATENT_SERVE)_/;
const children = new Set();

/** Environment of a client: nothing of the user's own accounts, and no proxy for this machine. */
export function clientEnvironment(extra) {
  const entries = Object.entries(process.env).filter(([name]) => !CLIENT_VARIABLES.test(name));
  return { ...Object.fromEntries(entries), NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1', ...extra };
}

/**
 * Runs a program to its end, in a process group of its own, so that nothing it started survives its deadline.
 * @returns exit code (null when it was killed) and output, stdout and stderr together
 */
export async function runProgram(command, args, { cwd, env, limitMs, onOutput = () => {} }) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      onOutput(text);
    });
  }
  const deadline = setTimeout(() => killGroup(child), limitMs);
  try {
    const [code] = await once(child, 'close');
    return { code, output };
  } finally {
    clearTimeout(deadline);
    children.delete(child);
  }
}

/** Ends all programs that still run. */
export function killPrograms() {
  for (const child of children) killGroup(child);
}

function killGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

/**
 * Counts the results in an output in the Test Anything Protocol. A program that ends before its plan, or with an exit
 * code that its results do not explain, counts as one more failure.
 */
export function countResults(output, code) {
  const passed = output.match(/^ok \d+ /gm)?.length ?? 0;
  const failed = output.match(/^not ok \d+ /gm)?.length ?? 0;
  const planned = Number(/^1\.\.(\d+)$/m.exec(output)?.[1] ?? 0);
  const isComplete = planned > 0 && planned === passed + failed && (code === 0 || failed > 0);
  return { passed, failed: failed + (isComplete ? 0 : 1) };
}
