import { z } from 'zod';
import type { AddedToken } from './added-tokens.ts';
import { adaptPreTokenizer } from './pre-tokenizer.ts';

/** Far above any vocabulary; a larger id would only be an attempt to exhaust memory. */
const MAX_TOKEN_ID = 4_000_000;

const tokenId = z.int().min(0).max(MAX_TOKEN_ID);
const flag = z.boolean().default(false);
const addedTokenFields = { content: z.string().min(1), special: flag, lstrip: flag, rstrip: flag, single_word: flag };
const addedTokenSchema = z.object({ ...addedTokenFields, id: tokenId, normalized: z.boolean().optional() });

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const tokenizerJsonSchema = z.object({
  added_tokens: z.array(addedTokenSchema).default([]),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  decoder: z.unknown(),
  model: z.object({
    type: z.literal('BPE'),
    // Hundreds of thousands of entries each: checked by hand below.
    vocab: z.custom<Readonly<Record<string, unknown>>>(isObject, 'must be an object'),
    merges: z.custom<readonly unknown[]>(Array.isArray, 'must be an array'),
    byte_fallback: z.literal(false).default(false),
    continuing_subword_prefix: z.literal(['']).nullish(),
    end_of_word_suffix: z.literal(['']).nullish(),
    ignore_merges: z.boolean().default(false),
  }),
});

/** A tokenizer.json that has been checked, in the form that the rest of this folder and the library want. */
export interface ParsedTokenizerJson {
  /** For the library's constructor: no added tokens, no normaliser, no post-processor, pre-tokenizer adapted. */
  readonly library: object;
  readonly vocab: ReadonlyMap<string, number>;
  readonly addedTokens: readonly AddedToken[];
}

/** @throws Error with a reason when the file is malformed or needs something that is not supported */
export function parseTokenizerJson(json: unknown): ParsedTokenizerJson {
  const parsed = tokenizerJsonSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new Error(`unsupported tokenizer: ${issue.path.join('.') || 'the file'}: ${issue.message}`);
  }
  const { added_tokens, normalizer, pre_tokenizer, decoder, model } = parsed.data;
  if (!isEmptySequence(normalizer, 'normalizers')) throw new Error('its normalizer is not supported');
  if ((decoder as { type?: unknown } | null)?.type !== 'ByteLevel') throw new Error('its decoder is not ByteLevel');
  const vocab = checkVocab(model.vocab);
  const merges = checkMerges(model.merges, vocab);
  const addedTokens = added_tokens.map(({ single_word, ...token }) => {
    if (single_word) throw new Error(`added token ${token.content} is single_word, which is not supported`);
    return { ...token, normalized: token.normalized ?? !token.special };
  });
  return {
    vocab,
    addedTokens,
    library: {
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: adaptPreTokenizer(pre_tokenizer),
      post_processor: null,
      decoder: null,
      model: { type: 'BPE', vocab: model.vocab, merges, ignore_merges: model.ignore_merges },
    },
  };
}

function isEmptySequence(json: unknown, key: string): boolean {
  if (json === null || json === undefined) return true;
  const { type, [key]: steps } = json as Record<string, unknown>;
  return type === 'Sequence' && Array.isArray(steps) && steps.length === 0;
}

function checkVocab(json: Readonly<Record<string, unknown>>): Map<string, number> {
  const vocab = new Map<string, number>();
  for (const [token, id] of Object.entries(json)) {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) > MAX_TOKEN_ID) {
      throw new Error(`model.vocab: ${JSON.stringify(token)} has no valid id`);
    }
    vocab.set(token, id as number);
  }
  return vocab;
}

/** Merges come as "a b" or as ["a", "b"]; the library decides by the first one only. */
function checkMerges(json: readonly unknown[], vocab: ReadonlyMap<string, number>): [string, string][] {
  return json.map((merge, index) => {
    const pair: unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
    const [left, right] = pair;
    if (pair.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      throw new Error(`model.merges.${index} is not a pair of tokens`);
    }
    if (!vocab.has(left) || !vocab.has(right) || !vocab.has(left + right)) {
      throw new Error(`model.merges.${index} names a token that model.vocab does not have`);
    }
    return [left, right];
  });
}
