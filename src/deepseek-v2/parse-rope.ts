import { z } from 'zod';
import { quoted } from '../checkpoint/quoted.ts';
import { firstIssue } from '../checkpoint/schema-error.ts';
import { CheckpointError } from '../errors.ts';
import { isObject } from './architecture.ts';
import type { YarnConfig } from './config.ts';

/** transformers' `default_theta`. */
const DEFAULT_THETA = 10_000;

const theta = z.number().gt(1).max(1e12);
const position = z
  .int()
  .min(1)
  .max(1 << 27);
const yarnSchema = z.object({
  factor: z.number().min(1).max(1e6).nullish(),
  original_max_position_embeddings: position.nullish(),
  beta_fast: z.number().min(0).max(1e6).nullish(),
  beta_slow: z.number().min(0).max(1e6).nullish(),
  mscale: z.number().min(0).max(1e3).nullish(),
  mscale_all_dim: z.number().min(0).max(1e3).nullish(),
});

/**
 * Rotary embedding from either spelling: rope_scaling (with `type`) beside rope_theta, or transformers 5's
 * rope_parameters (with `rope_type` and rope_theta inside). Precedence is transformers'
 * (`convert_rope_params_to_dict`): rope_scaling before rope_parameters, a theta inside before one outside.
 * @throws CheckpointError for every kind of scaling but YaRN
 */
export function parseRope(
  json: Record<string, unknown>,
  maxPositionEmbeddings: number,
  file: string,
): { ropeTheta: number; yarn: YarnConfig | null } {
  const [key, scaling] = scalingOf(json, file);
  const ropeTheta = parse(theta, scaling['rope_theta'] ?? json['rope_theta'] ?? DEFAULT_THETA, 'rope_theta', file);
  const type = scaling['rope_type'] ?? scaling['type'] ?? 'default';
  refuseVariants(key, scaling, json, file);
  if (type === 'default') return { ropeTheta, yarn: null };
  if (type !== 'yarn') {
    throw new CheckpointError(
      file,
      `${key}: rope type ${quoted(String(type))} is not supported (default and yarn are)`,
    );
  }

  const fields = parse(yarnSchema, scaling, key, file);
  const original = parse(
    position,
    json['original_max_position_embeddings'] ?? fields.original_max_position_embeddings ?? maxPositionEmbeddings,
    'original_max_position_embeddings',
    file,
  );
  // A zero means "default" in transformers.
  const betaFast = fields.beta_fast || 32;
  const betaSlow = fields.beta_slow || 1;
  if (betaFast < betaSlow) throw new CheckpointError(file, `${key}: beta_fast is less than beta_slow`);
  const yarn = {
    factor: fields.factor ?? maxPositionEmbeddings / original,
    originalMaxPositionEmbeddings: original,
    betaFast,
    betaSlow,
    mscale: fields.mscale ?? null,
    mscaleAllDim: fields.mscale_all_dim ?? null,
  };
  return { ropeTheta, yarn };
}

function scalingOf(json: Record<string, unknown>, file: string): [key: string, scaling: Record<string, unknown>] {
  for (const key of ['rope_scaling', 'rope_parameters']) {
    const value = json[key];
    if (value == null) continue;
    if (!isObject(value)) throw new CheckpointError(file, `${key}: expected an object or null`);
    if (Object.values(value).some(isObject)) {
      throw new CheckpointError(file, `${key}: parameters per layer type are not supported`);
    }
    if (Object.keys(value).length > 0) return [key, value];
  }
  return ['rope_parameters', {}];
}

/** Options of transformers that no DeepSeek-V2 model uses: they would change the result, so they must not pass unseen. */
function refuseVariants(
  key: string,
  scaling: Record<string, unknown>,
  json: Record<string, unknown>,
  file: string,
): void {
  if (scaling['attention_factor'] != null) {
    throw new CheckpointError(file, `${key}: attention_factor is not supported`);
  }
  if (scaling['truncate'] === false) throw new CheckpointError(file, `${key}: truncate false is not supported`);
  const partial = scaling['partial_rotary_factor'] ?? json['partial_rotary_factor'] ?? 1;
  if (partial !== 1) throw new CheckpointError(file, `${key}: partial_rotary_factor is not supported`);
}

function parse<T>(schema: z.ZodType<T>, value: unknown, key: string, file: string): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new CheckpointError(file, `${key}: ${firstIssue(parsed.error)}`);
  return parsed.data;
}
