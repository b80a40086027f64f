// The shipped model through HTTP on a GPU against transformers' tokens: node test/cuda/shipped-model.ts [flags of serve]
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Golden {
  readonly max_new_tokens: number;
  readonly cases: readonly { readonly messages: object[]; readonly generated_ids: number[] }[];
}

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const golden = JSON.parse(readFileSync(path('../../training/golden.json'), 'utf8')) as Golden;
const port = 8123;
const flags = ['serve', '--port', String(port), '--log-format', 'json', ...process.argv.slice(2)];
const server = spawn(process.execPath, [path('../../dist/cli/main.js'), ...flags], { stdio: 'inherit' });
const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
const url = `http://127.0.0.1:${port}`;

const isReady = async (): Promise<boolean> =>
  await fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
const deadline = Date.now() + 40_000;
while (Date.now() < deadline && server.exitCode === null && !(await isReady()))
  await new Promise((resolve) => setTimeout(resolve, 200));

const answers = await Promise.all(
  golden.cases.map(async ({ messages }) => {
    const body = { messages, temperature: 0, max_tokens: golden.max_new_tokens, return_token_ids: true };
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (await response.json()) as { choices: { token_ids: number[]; message: { content: string } }[] };
  }),
);
let equal = 0;
answers.forEach(({ choices }, index) => {
  const [choice] = choices;
  const wanted = golden.cases[index]!.generated_ids;
  if (choice!.token_ids.join() === wanted.join()) equal++;
  else process.stdout.write(`differs: ${JSON.stringify(choice!.message.content)}\n`);
});
process.stdout.write(`${equal} of ${answers.length} answers equal to transformers in float32\n`);
server.kill('SIGTERM');
await ended;
