import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { SETTINGS, type SettingKey } from './settings.ts';

type Shape = { readonly [K in SettingKey]: (typeof SETTINGS)[K]['schema'] };

/** The schema of the whole configuration, made from the table of settings. */
export const serveConfigSchema = z
  .strictObject(
    Object.fromEntries(Object.entries(SETTINGS).map(([key, { schema }]) => [key, schema])) as unknown as Shape,
  )
  .readonly();

/** A checked configuration with all defaults applied; frozen. */
export type ServeConfig = z.output<typeof serveConfigSchema>;

/** A value as a source gave it, and how to name that source to the person who wrote it. */
export interface GivenSetting {
  readonly value: unknown;
  /** `--port`, `LATENT_SERVE_PORT`, `port in server.json`. */
  readonly origin: string;
}

export type GivenSettings = { readonly [K in SettingKey]?: GivenSetting };

/**
 * Checks what the sources gave and fills in the defaults.
 * @throws ConfigError naming every wrong setting and where it was set
 */
export function toServeConfig(given: GivenSettings): ServeConfig {
  const entries = Object.entries(given).map(([key, { value }]) => [key, value] as const);
  const result = serveConfigSchema.safeParse(Object.fromEntries(entries));
  if (result.success) {
    for (const value of Object.values(result.data)) Object.freeze(value);
    return Object.freeze(result.data);
  }
  const complaints = new Map<SettingKey, string>();
  for (const issue of result.error.issues) {
    const key = issue.path[0] as SettingKey;
    const { origin, value } = given[key]!;
    if (!complaints.has(key)) complaints.set(key, `${origin} ${issue.message}, not ${show(key, value)}`);
  }
  throw new ConfigError([...complaints.values()].join('; '));
}

function show(key: SettingKey, value: unknown): string {
  if (key === 'apiKey') return 'what was given';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
