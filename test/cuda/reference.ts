import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type FIXTURES, fixtureFolder, type GoldenSequence, readGoldens } from '../support/goldens.ts';
import { LocalModel } from '../support/local-engine.ts';
import { type ForcedLogits, forcedLogits } from './forced-tokens.ts';
import { bestTwo, logprob } from './logit-rows.ts';
import { ALONE } from './ways.ts';

/** What a model says in float32 on CPU. */
export interface Reference {
  readonly name: string;
  readonly folder: string;
  /** Tokens that transformers generated, and what it thought of them. */
  readonly goldens: readonly GoldenSequence[];
  /** Of our own, fed these tokens. */
  readonly logits: ForcedLogits;
}

export async function fixtureReference(name: (typeof FIXTURES)[number]): Promise<Reference> {
  const folder = fixtureFolder(name);
  const goldens = readGoldens(name);
  return { name, folder, goldens, logits: await logitsOnCpu(folder, goldens) };
}

/** Of the shipped model; margins and log-probabilities are our own. */
export async function shippedReference(): Promise<Reference> {
  const folder = fileURLToPath(new URL('../../models/latent-tiny', import.meta.url));
  const file = new URL('../../training/golden.json', import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as {
    cases: { prompt_ids: number[]; generated_ids: number[] }[];
  };
  const sequences = cases.map(({ prompt_ids, generated_ids }) => ({ prompt: prompt_ids, tokens: generated_ids }));
  const logits = await logitsOnCpu(folder, sequences);
  const goldens = sequences.map(({ prompt, tokens }, index) => ({
    prompt,
    tokens,
    margins: logits[index]!.map((row) => {
      const [best, second] = bestTwo(row);
      return row[best]! - row[second]!;
    }),
    logprobs: tokens.map((token, i) => logprob(logits[index]![i]!, token)),
    promptLogprobs: null,
  }));
  return { name: 'the shipped model', folder, goldens, logits };
}

async function logitsOnCpu(
  folder: string,
  sequences: readonly { readonly prompt: readonly number[]; readonly tokens: readonly number[] }[],
): Promise<ForcedLogits> {
  using model = await LocalModel.load(folder);
  return forcedLogits((shape) => model.engine(shape), sequences, ALONE.shape, ALONE.schedule).logits;
}
