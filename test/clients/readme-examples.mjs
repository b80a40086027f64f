import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { clientEnvironment, runProgram } from './scripts.mjs';

const LIMIT_MS = 60_000;
const ADDRESS = /\b(127\.0\.0\.1|localhost):8000\b/g;

/** Shell blocks with curl, in order, for the server at `url` instead of the default one. */
export function curlExamples(markdown, url) {
  const blocks = [...markdown.matchAll(/^```sh\n(.*?)^```/gms)].map(([, code]) => code);
  return blocks.filter((code) => /\bcurl\b/.test(code)).map((code) => code.replaceAll(ADDRESS, new URL(url).host));
}

/**
 * Runs the curl examples of a Markdown file. An answer with a 4xx or 5xx status, an empty one and an error frame in a
 * stream are failures.
 * @returns for each example its first line of code and what went wrong, or null
 */
export async function runExamples(file, url) {
  const markdown = await readFile(file, 'utf8').catch(() => '');
  const folder = await mkdtemp(path.join(tmpdir(), 'latent-serve-readme-'));
  const results = [];
  try {
    for (const code of curlExamples(markdown, url)) {
      results.push({ name: code.trim().split('\n')[0], reason: await failureOf(code, folder) });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return results;
}

async function failureOf(code, folder) {
  const script = path.join(folder, 'example.sh');
  await writeFile(
    script,
    `set -eo pipefail\ncurl() { command curl --fail-with-body --silent --show-error "$@"; }\n${code}`,
  );
  const options = { cwd: folder, env: clientEnvironment({}), limitMs: LIMIT_MS };
  const { code: exitCode, output } = await runProgram('bash', [script], options).catch((error) => ({
    code: null,
    output: error.message,
  }));
  if (exitCode === null) return `no end within ${LIMIT_MS / 1000} s: ${output}`;
  if (exitCode !== 0) return `exit code ${exitCode}: ${output}`;
  if (output.trim() === '') return 'no output';
  if (/^data: \{"error"/m.test(output)) return output;
  return null;
}
