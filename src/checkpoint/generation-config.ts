import path from 'node:path';
import { z } from 'zod';
import { CheckpointError } from '../errors.ts';
import { readOptionalJsonFile } from './json-file.ts';
import { firstIssue } from './schema-error.ts';

/** What a model's author recommends for sampling; a missing field was not given. */
export interface GenerationConfig {
  /** 0 when the file says do_sample false. */
  readonly temperature?: number;
  readonly topP?: number;
  /** 0 = off. */
  readonly topK?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly maxNewTokens?: number;
  /** End tokens besides those of config.json; undefined when the file names none. */
  readonly eosTokenIds?: readonly number[];
}

const tokenId = z.int().min(0);
const schema = z.object({
  do_sample: z.boolean().nullish(),
  temperature: z.number().min(0).max(100).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  // -1 is vLLM's spelling of "off".
  top_k: z.int().min(-1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().gt(0).max(100).nullish(),
  max_new_tokens: z.int().min(1).nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId).max(1000)]).nullish(),
});

/**
 * Reads generation_config.json; {} when there is none.
 * @throws CheckpointError when it is broken
 */
export async function readGenerationConfig(folder: string): Promise<GenerationConfig> {
  const file = path.join(folder, 'generation_config.json');
  const json = await readOptionalJsonFile(file);
  return json === undefined ? {} : parseGenerationConfig(json, file);
}

/** @throws CheckpointError naming `file` and the key */
export function parseGenerationConfig(json: unknown, file: string): GenerationConfig {
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new CheckpointError(file, firstIssue(parsed.error));
  const { do_sample, temperature, top_p, top_k, min_p, repetition_penalty, max_new_tokens, eos_token_id } = parsed.data;
  return withoutMissing({
    temperature: do_sample === false ? 0 : temperature,
    topP: top_p,
    topK: top_k === -1 ? 0 : top_k,
    minP: min_p,
    repetitionPenalty: repetition_penalty,
    maxNewTokens: max_new_tokens,
    eosTokenIds: typeof eos_token_id === 'number' ? [eos_token_id] : eos_token_id,
  });
}

type Present<T> = { [K in keyof T]?: NonNullable<T[K]> };

function withoutMissing<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as Present<T>;
}
