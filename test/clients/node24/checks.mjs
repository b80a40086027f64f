import { inspect } from 'node:util';

/** Ends in /v1. */
export const baseURL = process.env.CLIENTS_BASE_URL;
/** Whether the server runs the shipped model, whose answers are known; of any other only the form is. */
export const judgesAnswers = process.env.CLIENTS_JUDGE_ANSWERS === '1';

/** The chat example of the DeepSeek-V2 README. */
export const README_MESSAGES = [
  { role: 'system', content: 'You are a helpful AI assistant' },
  { role: 'user', content: 'List 3 countries and their capitals.' },
];

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
