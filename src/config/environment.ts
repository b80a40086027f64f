import { ConfigError } from '../errors.ts';
import type { GivenSetting } from './serve-config.ts';
import { SETTING_KEYS, type SettingKey, variableName } from './settings.ts';

const PREFIX = 'LATENT_SERVE_';

/** Names the configuration file, as --config does. */
export const CONFIG_FILE_VARIABLE = `${PREFIX}CONFIG`;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Kubernetes puts the addresses of its services into every pod: a service called latent-serve sets
 * LATENT_SERVE_PORT=tcp://10.0.0.1:8000, LATENT_SERVE_SERVICE_HOST and others, which are not meant for the server.
 */
function isServiceLink(name: string, value: string): boolean {
  return (
    /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name) ||
    (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value))
  );
}

/**
 * The settings in the environment. An empty variable counts as unset, as compose files leave them.
 * @throws ConfigError for a LATENT_SERVE_ variable that is no setting
 */
export function readEnvironment(env: Environment): Partial<Record<SettingKey, GivenSetting>> {
  const keys = new Map<string, SettingKey>(SETTING_KEYS.map((key) => [variableName(key), key]));
  const given: Partial<Record<SettingKey, GivenSetting>> = {};
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || !value || name === CONFIG_FILE_VARIABLE || isServiceLink(name, value)) continue;
    const key = keys.get(name);
    if (key === undefined) {
      throw new ConfigError(`the environment variable ${name} is no setting; "latent-serve serve --help" lists them`);
    }
    given[key] = { value, origin: name };
  }
  return given;
}
