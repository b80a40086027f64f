import { type Command, Option } from 'commander';
import { CONFIG_FILE_VARIABLE } from '../config/environment.ts';
import { kebabName, SETTING_KEYS, SETTINGS, type Setting, type SettingKey, variableName } from '../config/settings.ts';

export type SettingFlags = Partial<Record<SettingKey, unknown>>;

/** Adds the flags of these settings, in groups, and --config. Commander keeps no defaults: the schema has them. */
export function addSettingOptions(command: Command, keys: readonly SettingKey[]): Command {
  for (const key of keys) {
    for (const option of optionsOf(key)) command.addOption(option);
  }
  return command.addOption(
    new Option(
      '--config <FILE>',
      `JSON file with settings, keys as the flags without dashes [${CONFIG_FILE_VARIABLE}]`,
    ).helpGroup('Sources:'),
  );
}

/** The settings among the options that a command was given. */
export function settingFlags(options: Readonly<Record<string, unknown>>): SettingFlags {
  return Object.fromEntries(SETTING_KEYS.filter((key) => key in options).map((key) => [key, options[key]]));
}

function optionsOf(key: SettingKey): Option[] {
  const setting: Setting = SETTINGS[key];
  const group = `${setting.group}:`;
  const flag = `--${kebabName(key)}`;
  const description = `${setting.description} (default: ${defaultOf(setting)}) [${variableName(key)}]`;
  if (setting.value === null) {
    const opposite = new Option(`--no-${kebabName(key)}`, `switches --${kebabName(key)} off`);
    return [new Option(flag, description).helpGroup(group), opposite.helpGroup(group)];
  }
  const option = new Option(`${flag} <${setting.value}>`, description).helpGroup(group);
  if (setting.repeatable) {
    option.argParser((value: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), value]);
  }
  return [option];
}

function defaultOf(setting: Setting): string {
  if (setting.defaultText !== undefined) return setting.defaultText;
  const value: unknown = setting.schema.parse(undefined);
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
}
