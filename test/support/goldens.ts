import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Output } from './local-engine.ts';

/** A sequence that transformers generated (test/fixtures/models/generate.py). */
export interface GoldenSequence {
  readonly prompt: number[];
  readonly tokens: number[];
  readonly logprobs: number[];
  /** Distance of the two best logits at each position. */
  readonly margins: number[];
  /** Log-probability of prompt token i + 1; null for most sequences. */
  readonly promptLogprobs: number[] | null;
}

export const FIXTURES = [
  'v2-lite-like',
  'v2-like',
  'rope-null',
  'transformers-5',
  'shards-dense-first',
  'all-dense',
  'odd-sizes',
] as const;

const MODELS = new URL('../fixtures/models/', import.meta.url);

export function fixtureFolder(name: (typeof FIXTURES)[number]): string {
  return fileURLToPath(new URL(name, MODELS));
}

export function readGoldens(name: (typeof FIXTURES)[number]): GoldenSequence[] {
  const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, MODELS), 'utf8'));
  const prompts = read('prompts.json') as number[][];
  const { sequences } = read(`${name}/goldens.json`) as { sequences: Omit<GoldenSequence, 'prompt'>[] };
  return sequences.map((sequence, index) => ({ prompt: prompts[index]!, ...sequence }));
}

/** Two logits closer than this may change places between correct float32 implementations. */
const NEAR_TIE = 2e-3;

export interface Comparison {
  /** Tokens compared and tokens there are. */
  compared: number;
  total: number;
  /** The first place where a token differs though the reference was sure. */
  mismatch: string | null;
  worstLogprob: number;
}

/** Compares outputs with goldens token by token, each up to the reference's first near tie. */
export function compare(
  goldens: readonly GoldenSequence[],
  outputs: readonly Output[],
  nearTie = NEAR_TIE,
): Comparison {
  const result: Comparison = { compared: 0, total: 0, mismatch: null, worstLogprob: 0 };
  goldens.forEach((golden, index) => {
    const output = outputs[index]!;
    result.total += golden.tokens.length;
    for (let i = 0; i < golden.tokens.length; i++) {
      if (golden.margins[i]! < nearTie) break;
      result.compared++;
      if (output.tokens[i] !== golden.tokens[i]) {
        result.mismatch ??= `prompt of ${golden.prompt.length}, token ${i}: ${output.tokens[i]} instead of ${golden.tokens[i]}`;
        break;
      }
      const difference = Math.abs(output.logprobs[i]!.logprob - golden.logprobs[i]!);
      result.worstLogprob = Math.max(result.worstLogprob, difference);
    }
  });
  return result;
}
