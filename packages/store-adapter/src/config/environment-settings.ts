import { maskSecrets } from '@spark-control/core';
import type { EnvReader } from './env-reader.ts';
import type { ReadSetting } from './setting-reader.ts';

const MASK = '***';

/** Variables that no file has. The values of secrets are never shown, only that they are set. */
const VARIABLES: Readonly<Record<string, Readonly<{ about: string; secret?: true }>>> = {
  DISABLED_SERVICES: { about: 'Services that are hidden and never asked, separated by commas.' },
  SWAP_WEBHOOK_URL: { about: 'Endpoint that is told of every event.' },
  SWAP_WEBHOOK_SECRET: { about: 'Signs what SWAP_WEBHOOK_URL is sent.', secret: true },
  NGC_API_KEY: { about: 'Key for installing NIM containers where a request brings none.', secret: true },
  NGC_REGISTRY: { about: 'The only registry that NGC_API_KEY is sent to, as it stands in front of an image.' },
  SSH_AUTH_SOCK: { about: 'Socket of the SSH agent, for hosts without a key file.' },
  LOG_LEVEL: { about: 'debug, info, warn (default) or error.' },
  SPARK_SIMULATION_SPEED: { about: 'Simulated seconds in one second, when no host is configured. Default: 1.' },
};

/** Where things lie: name of the variable, and the path that counts. */
export type Places = Readonly<Record<'SPARK_CONTROL_CONFIG' | 'SPARK_CONTROL_DATA' | 'MODELS_OVERRIDES' | 'SERVICES_OVERRIDES', string>>;

const PLACE_TEXTS: Readonly<Record<keyof Places, string>> = {
  SPARK_CONTROL_CONFIG: 'Folder of models.yaml, services.yaml and spark.yaml.',
  SPARK_CONTROL_DATA: 'Folder of the state.',
  MODELS_OVERRIDES: 'File of what was changed about the models. Default: models-overrides.yaml of the data folder.',
  SERVICES_OVERRIDES: 'File of what was changed about the services. Default: services-overrides.yaml of the data folder.',
};

/** What only the environment says. `more`: further variables, `secrets`: further ones whose values are hidden. */
export function environmentSettings(
  env: EnvReader,
  places: Places,
  more: readonly Readonly<{ name: string; about: string; secret: boolean }>[],
): readonly ReadSetting[] {
  const listed = Object.entries(VARIABLES).map(([name, { about, secret = false }]) => ({ name, about, secret }));
  const ofPlaces = (Object.keys(PLACE_TEXTS) as (keyof Places)[]).map((name) =>
    settingOf(name, places[name], env.text(name) !== null, false, PLACE_TEXTS[name]),
  );
  const names = new Set(listed.map(({ name }) => name));
  const others = [...listed, ...more.filter(({ name }) => !names.has(name))].map(({ name, about, secret }) => {
    const value = env.text(name);
    const shown = value === null ? null : secret ? MASK : maskSecrets(value);
    return settingOf(name, shown, value !== null, secret, about);
  });
  return [...ofPlaces, ...others];
}

const settingOf = (name: string, value: string | null, isSet: boolean, secret: boolean, description: string): ReadSetting => ({
  path: `env#/${name}`,
  value,
  source: isSet ? 'environment' : 'default',
  variable: name,
  secret,
  isDecided: true,
  description,
});
