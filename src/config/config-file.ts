import { readFileSync } from 'node:fs';
import { ConfigError } from '../errors.ts';
import type { GivenSetting } from './serve-config.ts';
import { kebabName, SETTING_KEYS, type SettingKey } from './settings.ts';

/**
 * The settings of a JSON file: one object whose keys are the flags without their dashes, `{"max-model-len": "8k"}`.
 * Underscores may stand for the inner dashes, as in vLLM's file.
 * @throws ConfigError when it cannot be read, is not such an object, or holds an unknown or repeated key
 */
export function readConfigFile(file: string): Partial<Record<SettingKey, GivenSetting>> {
  const keys = new Map<string, SettingKey>(SETTING_KEYS.map((key) => [kebabName(key), key]));
  const given: Partial<Record<SettingKey, GivenSetting>> = {};
  for (const [name, value] of Object.entries(parse(file))) {
    const key = keys.get(name.replaceAll('_', '-'));
    if (key === undefined) {
      throw new ConfigError(
        `${file}: ${JSON.stringify(name)} is no setting; the keys are the flags of "serve" without dashes`,
      );
    }
    if (given[key] !== undefined) throw new ConfigError(`${file}: "${kebabName(key)}" is set twice`);
    given[key] = { value, origin: `"${name}" in ${file}` };
  }
  return given;
}

function parse(file: string): object {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`the configuration file ${file} cannot be read: ${reasonOf(cause)}`, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new ConfigError(`${file} is not JSON: ${reasonOf(cause)}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError(`${file}: the configuration must be one JSON object`);
  }
  return value;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
