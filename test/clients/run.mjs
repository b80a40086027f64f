// Real clients against the real server: npm run test:clients [-- arguments of `serve`]
// With arguments (another checkpoint, say) only the form of answers is checked, not what they say.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { lmEvalEnvironment, nodeEnvironment, pythonEnvironment } from './environments.mjs';
import { runExamples } from './readme-examples.mjs';
import { clientEnvironment, countResults, killPrograms, runProgram } from './scripts.mjs';
import { Server } from './server.mjs';

const clients = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(clients, '../..');
const cache = path.join(root, '.cache/clients');
const serveArguments = process.argv.slice(2);
/** For all scripts together. */
const SCRIPTS_LIMIT_MS = 240_000;
/** A server that is soon full, for clients that must try again. */
const BUSY_ARGUMENTS = ['--max-num-seqs', '1', '--max-num-queued-reqs', '1'];
const PYTHON_SCRIPTS = [
  'openai_client.py',
  'openai_manners.py',
  'openai_structured.py',
  'openai_responses.py',
  'anthropic_client.py',
  'langchain_client.py',
  'langchain_tools.py',
  'bench_serve_client.py',
  'hostile_client.py',
];
const NODE_SCRIPTS = [
  'openai-client.mjs',
  'openai-manners.mjs',
  'openai-structured.mjs',
  'anthropic-client.mjs',
  'langchain-client.mjs',
  'langchain-tools.mjs',
  'ai-sdk-client.mjs',
];

/** A client that left must have given its cache blocks back by then. */
const IDLE_LIMIT_MS = 3000;

const total = { passed: 0, failed: 0 };
const servers = [];
let server = null;
let busyServer = null;
let scriptsLimitMs = SCRIPTS_LIMIT_MS;

function write(text) {
  process.stdout.write(`${text}\n`);
}

function record(name, reason) {
  total[reason === null ? 'passed' : 'failed']++;
  write(reason === null ? `ok - ${name}` : `not ok - ${name}\n${reason.replaceAll(/^/gm, '# ')}`);
}

async function build() {
  if (existsSync(path.join(root, 'dist/cli/main.js'))) return;
  const options = { cwd: root, env: process.env, limitMs: 60_000 };
  const { code, output } = await runProgram('npm', ['run', 'build'], options);
  if (code !== 0) throw new Error(`npm run build failed:\n${output}`);
}

async function runScript(command, script) {
  const env = clientEnvironment({
    CLIENTS_BASE_URL: `${server.url}/v1`,
    CLIENTS_BUSY_URL: `${busyServer.url}/v1`,
    CLIENTS_JUDGE_ANSWERS: serveArguments.length === 0 ? '1' : '0',
    PYTHONDONTWRITEBYTECODE: '1',
  });
  const onOutput = (text) => process.stdout.write(text);
  const start = performance.now();
  const options = { cwd: path.dirname(script), env, limitMs: scriptsLimitMs, onOutput };
  const { code, output } = await runProgram(command, [script], options);
  scriptsLimitMs -= performance.now() - start;
  const { passed, failed } = countResults(output, code);
  total.passed += passed;
  total.failed += failed;
  if (failed === 0 || /^not ok/m.test(output)) return;
  const end = code === null ? 'did not end in time' : `ended early, with exit code ${code}`;
  write(`not ok - ${path.basename(script)} ${end}`);
}

async function startServer(args) {
  const started = await Server.start(root, ['--cache-dir', path.join(cache, 'packed'), ...args, ...serveArguments]);
  servers.push(started);
  return started;
}

/** Runs the scripts of one environment; an environment that cannot be made is one failure. */
async function runClients(name, making, scriptsOf) {
  const { environment, error } = await making;
  if (error !== undefined) return record(`${name} clients`, error.message);
  for (const [command, script] of scriptsOf(environment)) await runScript(command, script);
}

/** Starts at once; what goes wrong is told when it is needed. */
function make(environment) {
  return environment(clients, cache).then(
    (environment) => ({ environment }),
    (error) => ({ error }),
  );
}

async function runReadme() {
  const results = await runExamples(path.join(root, 'README.md'), server.url);
  for (const { name, reason } of results) record(`README: ${name}`, reason);
  write(`# ${results.length} curl examples in README.md`);
}

async function metricSum(pattern) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Lines of the server's log about 5xx answers and errors. */
function troubles() {
  const lines = server.log.split('\n').filter((line) => /"level":[56]0|"status":5/.test(line));
  return lines.slice(0, 10).join('\n');
}

/** What the clients have left behind: some of them went away in the middle of a stream. */
async function checkLeftovers() {
  const inUse = /^vllm:(?:num_requests_running|num_requests_waiting|kv_cache_usage_perc)\{.*\} (.+)$/gm;
  const deadline = performance.now() + IDLE_LIMIT_MS;
  while ((await metricSum(inUse)) > 0 && performance.now() < deadline) await delay(50);
  record('server: nothing runs, waits or holds cache blocks', (await metricSum(inUse)) > 0 ? 'it is not idle' : null);
  record('server: no error in its log', /"level":[56]0/.test(server.log) ? troubles() : null);
  // /health answers 503 while the model is loading.
  const failures = await metricSum(/^http_requests_total\{handler="(?!\/health")[^}]*status="5xx".*\} (.+)$/gm);
  record('server: no answer was a 5xx', failures > 0 ? `${failures} were\n${troubles()}` : null);
}

async function main() {
  await build();
  const [python, node, lmEval] = [pythonEnvironment, nodeEnvironment, lmEvalEnvironment].map(make);
  server = await startServer([]);
  busyServer = await startServer(BUSY_ARGUMENTS);
  await runClients('Python', python, (interpreter) =>
    PYTHON_SCRIPTS.map((name) => [interpreter, path.join(clients, 'python', name)]),
  );
  await runClients('Node', node, ({ folder, node }) => NODE_SCRIPTS.map((name) => [node, path.join(folder, name)]));
  await runClients('lm-eval', lmEval, (interpreter) => [
    [interpreter, path.join(clients, 'python', 'lm_eval_client.py')],
  ]);
  await runReadme();
  await checkLeftovers();
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    killPrograms();
    for (const started of servers) started.kill();
    process.exit(1);
  });
}
try {
  await main();
} catch (error) {
  record('client tests', error.message);
} finally {
  const codes = await Promise.all(servers.map((started) => started.stop()));
  const failed = codes.findIndex((code) => code !== 0);
  const reason = failed < 0 ? null : `${codes[failed]}\n${servers[failed].log}`;
  record('servers: end with code 0 on SIGTERM', reason);
}
write(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
