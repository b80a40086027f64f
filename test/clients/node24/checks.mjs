import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

/** Ends in /v1. */
export const baseURL = process.env.CLIENTS_BASE_URL;
/** The server's address without /v1. */
export const rootURL = baseURL.replace(/\/v1$/, '');
/** Whether the server runs the shipped model, whose answers are known; of any other only the form is. */
export const judgesAnswers = process.env.CLIENTS_JUDGE_ANSWERS === '1';

/** The chat example of the DeepSeek-V2 README. */
export const README_MESSAGES = [
  { role: 'system', content: 'You are a helpful AI assistant' },
  { role: 'user', content: 'List 3 countries and their capitals.' },
];

/** A question that the shipped model has a tool for, when it is told about one. */
export const WEATHER = 'What is the weather in Rome?';
export const JAPAN = 'Give me a JSON object with the name and capital of Japan.';

const IDLE_LIMIT_MS = 3000;
const checks = [];

/** Registers an async function as the check of that name. */
export function check(name, run) {
  checks.push({ name, run });
}

/** Runs all registered checks in order, prints the Test Anything Protocol and sets the exit code. */
export async function runChecks() {
  for (const [index, { name, run }] of checks.entries()) {
    try {
      await run();
      process.stdout.write(`ok ${index + 1} - ${name}\n`);
    } catch (error) {
      process.exitCode = 1;
      const detail = inspect(error, { breakLength: 120 }).replaceAll(/^/gm, '# ');
      process.stdout.write(`not ok ${index + 1} - ${name}\n${detail}\n`);
    }
  }
  process.stdout.write(`1..${checks.length}\n`);
}

/** JSON of a GET below /v1, without any client library. */
export async function get(path) {
  return await (await fetch(`${baseURL}${path}`)).json();
}

/** JSON of a POST below /v1, without any client library: what the libraries must show, too. */
export async function post(path, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${baseURL}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return await answer.json();
}

/** Tokens that a prompt and its answer may have together. */
export async function contextLength() {
  return (await get('/models')).data[0].max_model_len;
}

/** Sum of vLLM's gauges of these names. */
export async function gauge(names, url = rootURL) {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const values = [...metrics.matchAll(new RegExp(`^vllm:(?:${names})\\{.*\\} (.+)$`, 'gm'))];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Requests that the server works on at the moment. */
export function running() {
  return gauge('num_requests_running|num_requests_waiting');
}

/** A client that left must have stopped its request by then. */
export async function untilIdle() {
  const deadline = performance.now() + IDLE_LIMIT_MS;
  while ((await running()) > 0) {
    if (performance.now() > deadline) throw new Error(`still busy after ${IDLE_LIMIT_MS} ms`);
    await delay(10);
  }
}
