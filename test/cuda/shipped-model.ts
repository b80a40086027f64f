// The shipped model through HTTP on a GPU against transformers' tokens: node test/cuda/shipped-model.ts [flags of serve]
import { readFileSync } from 'node:fs';
import { startServing } from './serving.ts';

interface Golden {
  readonly max_new_tokens: number;
  readonly cases: readonly { readonly messages: object[]; readonly generated_ids: number[] }[];
}

const golden = JSON.parse(readFileSync(new URL('../../training/golden.json', import.meta.url), 'utf8')) as Golden;
const server = await startServing(process.argv.slice(2));
try {
  const answers = await Promise.all(golden.cases.map(({ messages }) => server.answer(messages, golden.max_new_tokens)));
  const differing = answers.filter(
    ({ tokenIds }, index) => tokenIds.join() !== golden.cases[index]!.generated_ids.join(),
  );
  for (const { text } of differing) process.stdout.write(`differs: ${JSON.stringify(text)}\n`);
  const equal = answers.length - differing.length;
  process.stdout.write(`${equal} of ${answers.length} answers equal to transformers in float32\n`);
  process.stdout.write(`${equal} passed, ${differing.length} failed\n`);
  process.exitCode = differing.length > 0 ? 1 : 0;
} finally {
  await server.stop();
}
