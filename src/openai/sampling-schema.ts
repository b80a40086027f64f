import { z } from 'zod';
import { toWellFormedText } from './well-formed.ts';

/** OpenAI's limit; every choice is a sequence of its own. */
export const MAX_CHOICES_PER_PROMPT = 128;
/** Most alternatives per position in any kind of log-probabilities (vLLM's default limit). */
export const MAX_TOP_LOGPROBS = 20;
const MAX_STOP_STRINGS = 256;
const MAX_STOP_STRING_LENGTH = 1024;
const MAX_TOKEN_ID_LIST = 4096;
/** vLLM's default limit. */
const MAX_BAD_WORDS = 1000;
const MAX_BAD_WORD_LENGTH = 256;
/** All bad words together; they are encoded on the main thread. */
const MAX_BAD_WORD_CHARACTERS = 16_384;
/** vLLM's limit. */
const MAX_LOGPROB_TOKEN_IDS = 128;
const MAX_ALLOWED_TOKEN_IDS = 131_072;
const MAX_PATTERN_SIZE = 256;
const MAX_PATTERN_COUNT = 1000;
const TWO_TO_63 = 2 ** 63;

const stopString = z
  .string()
  .min(1, 'must not be an empty string')
  .max(MAX_STOP_STRING_LENGTH)
  .transform(toWellFormedText);

const stop = z
  .union([stopString, z.array(z.unknown()).max(MAX_STOP_STRINGS).pipe(z.array(stopString))], {
    error: 'must be a string or an array of strings',
  })
  .transform((value) => (typeof value === 'string' ? [value] : value));

const tokenId = z.int().min(0);

/** A 64-bit integer; JSON numbers beyond 2^53 arrive rounded, which is still a usable seed. */
const seed = z
  .number({ error: 'must be an integer' })
  .refine((value) => Number.isInteger(value) && Math.abs(value) <= TWO_TO_63, 'must be a 64-bit integer');

const logitBias = z
  .record(z.string(), z.unknown())
  .refine((value) => Object.keys(value).length <= MAX_TOKEN_ID_LIST, {
    error: `must have at most ${MAX_TOKEN_ID_LIST} entries`,
    abort: true,
  })
  .pipe(z.record(z.string().regex(/^(0|[1-9]\d{0,9})$/), z.number().min(-100).max(100)))
  .transform((value) => Object.entries(value).map(([id, bias]) => [Number(id), bias] as const));

const badWord = z
  .string()
  .min(1, 'must not be an empty string')
  .max(MAX_BAD_WORD_LENGTH)
  .refine((word) => word.trimStart() !== '', 'must hold more than white space')
  .transform(toWellFormedText);

/** vLLM's RepetitionDetectionParams; absent sizes are 0, and max_pattern_size 0 is off. */
const repetitionDetection = z
  .object({
    max_pattern_size: z.int().min(0).max(MAX_PATTERN_SIZE).nullish(),
    min_pattern_size: z.int().min(0).max(MAX_PATTERN_SIZE).nullish(),
    min_count: z.int().min(0).max(MAX_PATTERN_COUNT).nullish(),
  })
  .refine((value) => (value.min_pattern_size ?? 0) <= (value.max_pattern_size ?? 0), {
    error: 'must not be greater than max_pattern_size',
    path: ['min_pattern_size'],
  })
  .refine((value) => !value.max_pattern_size || (value.min_count ?? 0) >= 2, {
    error: 'must be at least 2',
    path: ['min_count'],
  })
  .transform((value) =>
    value.max_pattern_size
      ? {
          maxPatternSize: value.max_pattern_size,
          minPatternSize: Math.max(value.min_pattern_size ?? 0, 1),
          minCount: value.min_count ?? 0,
        }
      : null,
  );

const streamOptions = z.object({
  include_usage: z.boolean().nullish(),
  continuous_usage_stats: z.boolean().nullish(),
  include_obfuscation: z.boolean().nullish(),
});

const LOGPROBS_RANGE = `must be 0 to ${MAX_TOP_LOGPROBS} (-1, the whole vocabulary, is not offered)`;
/** A number of likeliest tokens to return. */
export const logprobCount = z.int('must be an integer').min(0, LOGPROBS_RANGE).max(MAX_TOP_LOGPROBS, LOGPROBS_RANGE);

/** Fields that chat and text completions share; null means the same as absent. */
export const generationShape = {
  model: z.string().min(1, 'must not be empty').nullish(),
  max_tokens: z.int().min(0).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(-1, 'must be -1 or 0 (off) or at least 1').nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().positive().max(100).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: logitBias.nullish(),
  n: z.int().min(1).max(MAX_CHOICES_PER_PROMPT).nullish(),
  seed: seed.nullish(),
  stop: stop.nullish(),
  stop_token_ids: z.array(z.unknown()).max(MAX_TOKEN_ID_LIST).pipe(z.array(tokenId)).nullish(),
  include_stop_str_in_output: z.boolean().nullish(),
  skip_special_tokens: z.boolean().nullish(),
  min_tokens: z.int().min(0).nullish(),
  ignore_eos: z.boolean().nullish(),
  allowed_token_ids: z
    .array(z.unknown())
    .min(1, 'must not be empty')
    .max(MAX_ALLOWED_TOKEN_IDS)
    .pipe(z.array(tokenId))
    .nullish(),
  bad_words: z
    .array(z.unknown())
    .max(MAX_BAD_WORDS)
    .pipe(z.array(badWord))
    .refine((words) => words.reduce((sum, word) => sum + word.length, 0) <= MAX_BAD_WORD_CHARACTERS, {
      error: `must have at most ${MAX_BAD_WORD_CHARACTERS} characters in all`,
    })
    .nullish(),
  use_beam_search: z.boolean().nullish(),
  length_penalty: z.number().min(-10).max(10).nullish(),
  repetition_detection: repetitionDetection.nullish(),
  truncate_prompt_tokens: z.int().min(-1, 'must be -1 or at least 1').nullish(),
  truncation_side: z.enum(['left', 'right'], "must be 'left' or 'right'").nullish(),
  prompt_logprobs: logprobCount.nullish(),
  logprob_token_ids: z.array(z.unknown()).max(MAX_LOGPROB_TOKEN_IDS).pipe(z.array(tokenId)).nullish(),
  stream: z.boolean().nullish(),
  stream_interval: z.int().min(1).nullish(),
  stream_options: streamOptions.nullish(),
  return_token_ids: z.boolean().nullish(),
  return_tokens_as_token_ids: z.boolean().nullish(),
  timings: z.boolean().nullish(),
  timings_per_token: z.boolean().nullish(),
  priority: z.int().nullish(),
  cache_salt: z
    .string()
    .min(1, 'must not be empty')
    .max(1024)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what must not get in
    .refine((value) => !/[@/\\\u0000]/.test(value), 'must not contain @, /, \\ or NUL')
    .transform(toWellFormedText)
    .nullish(),
  request_id: z
    .string()
    .regex(/^[\w.:-]{1,128}$/, 'must be 1 to 128 letters, digits or any of . _ : -')
    .nullish(),
};

const generationFields = z.object(generationShape);
/** Checked fields that both endpoints share. */
export type GenerationFields = z.output<typeof generationFields>;
