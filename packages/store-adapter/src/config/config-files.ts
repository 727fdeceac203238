import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvReader } from './env-reader.ts';

/** Where the files of a configuration lie, whether they are there or not. */
export type ConfigFiles = Readonly<{ spark: string; models: string; modelsOverrides: string; services: string; servicesOverrides: string }>;

export function configFiles(folder: string, dataFolder: string, env: EnvReader): ConfigFiles {
  return {
    spark: fileIn(folder, 'spark'),
    models: fileIn(folder, 'models'),
    modelsOverrides: env.text('MODELS_OVERRIDES') ?? join(dataFolder, 'models-overrides.yaml'),
    services: fileIn(folder, 'services'),
    servicesOverrides: env.text('SERVICES_OVERRIDES') ?? join(dataFolder, 'services-overrides.yaml'),
  };
}

/** `name.yaml`, or `name.yml` where only that is there: overlooking it would end in a simulation. */
function fileIn(folder: string, name: string): string {
  const [usual, other] = [join(folder, `${name}.yaml`), join(folder, `${name}.yml`)];
  return !existsSync(usual) && existsSync(other) ? other : usual;
}
