// The shipped model's evaluation on a GPU against the CPU: node test/cuda/evaluation.ts ['FLAGS OF SERVE'...]
// Runs on Node 24 without any development dependency, and python3 for the held-out items (training/evaluation_items.py). Each argument is one
// way to serve on the GPU, '--dtype bfloat16' for instance; default: bfloat16 and float16. $ITEMS: of each of 32 tasks, 16;
// $CACHE: the cache folder. An answer agrees when all its tokens are those of the CPU in float32.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Checks } from './checks.ts';
import { type ServedAnswer, startServing } from './serving.ts';

const LEAST_AGREEMENT = 0.995;
const LEAST_ITEMS = 400;
/** Requests at once: enough for full steps, and few enough that none is refused. */
const CONCURRENCY = 64;
const SHOWN = 10;

interface Item {
  readonly task: string;
  readonly messages: readonly object[];
  readonly max_tokens: number;
}

function readItems(): readonly Item[] {
  const script = fileURLToPath(new URL('../../training/evaluation_items.py', import.meta.url));
  const output = execFileSync('python3', [script, '--items', process.env['ITEMS'] ?? '16'], { maxBuffer: 2 ** 26 });
  return JSON.parse(output.toString('utf8')) as Item[];
}

/** Answers in the order of the items. */
async function answersOf(items: readonly Item[], flags: readonly string[]): Promise<ServedAnswer[]> {
  const cache = process.env['CACHE'];
  const server = await startServing([...flags, '--log-level', 'warn', ...(cache ? ['--cache-dir', cache] : [])]);
  try {
    const answers: ServedAnswer[] = [];
    const queue = items.entries();
    const work = async (): Promise<void> => {
      for (const [index, item] of queue) answers[index] = await server.answer(item.messages, item.max_tokens);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    return answers;
  } finally {
    await server.stop();
  }
}

const checks = new Checks();
const items = readItems();
const began = performance.now();
const wanted = await answersOf(items, ['--device', 'cpu']);
const numTokens = wanted.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
const seconds = ((performance.now() - began) / 1000).toFixed(0);
const size = `${items.length} items, ${numTokens} tokens on CPU in ${seconds} s`;
checks.report('evaluation items', items.length >= LEAST_ITEMS, size);
const ways = process.argv.slice(2);
for (const way of ways.length > 0 ? ways : ['--dtype bfloat16', '--dtype float16']) {
  const answers = await answersOf(items, ['--device', 'cuda', ...way.split(' ')]);
  const differing = items.filter((_, i) => answers[i]!.tokenIds.join() !== wanted[i]!.tokenIds.join());
  for (const item of differing.slice(0, SHOWN)) {
    const index = items.indexOf(item);
    const [ours, theirs] = [answers[index]!.text, wanted[index]!.text].map((text) => JSON.stringify(text));
    process.stdout.write(`# ${item.task}: ${ours} instead of ${theirs}\n`);
  }
  const agreement = 1 - differing.length / items.length;
  const detail = `${items.length - differing.length} of ${items.length} answers agree with CPU, ${(100 * agreement).toFixed(2)} %`;
  checks.report(`greedy answers with ${way}`, agreement >= LEAST_AGREEMENT, detail);
}
checks.finish();
