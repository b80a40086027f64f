import { readConfigFile } from './config-file.ts';
import { CONFIG_FILE_VARIABLE, type Environment, readEnvironment } from './environment.ts';
import { type GivenSetting, type ServeConfig, toServeConfig } from './serve-config.ts';
import { kebabName, SETTING_KEYS, type SettingKey } from './settings.ts';

export interface ConfigSources {
  /** Values of the flags that were given; others absent or undefined. */
  readonly flags: Readonly<Partial<Record<SettingKey, unknown>>>;
  readonly env: Environment;
  /** Value of --config; LATENT_SERVE_CONFIG names the file when this is absent. */
  readonly file?: string | undefined;
}

/**
 * The configuration: file, overridden by environment, overridden by flags. A list replaces a list.
 * @throws ConfigError naming the setting and its source
 */
export function loadConfig(sources: ConfigSources): ServeConfig {
  const file = sources.file ?? (sources.env[CONFIG_FILE_VARIABLE] || undefined);
  const fromFlags: Partial<Record<SettingKey, GivenSetting>> = {};
  for (const key of SETTING_KEYS) {
    const value = sources.flags[key];
    if (value !== undefined) fromFlags[key] = { value, origin: flagName(key, value) };
  }
  return toServeConfig({
    ...(file === undefined ? {} : readConfigFile(file)),
    ...readEnvironment(sources.env),
    ...fromFlags,
  });
}

function flagName(key: SettingKey, value: unknown): string {
  return value === false ? `--no-${kebabName(key)}` : `--${kebabName(key)}`;
}
