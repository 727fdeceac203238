import type { DeadlineSettings, DefaultModelRule, Issue } from '@spark-control/core';
import { type ConfigFiles, configFiles } from './config-files.ts';
import { defaultModelsOfFile } from './default-model-settings.ts';
import { type Env, EnvReader } from './env-reader.ts';
import { environmentSettings } from './environment-settings.ts';
import { readSparkFile, readTopology, type SparkYaml, type Topology } from './read-topology.ts';
import { deadlineSettings, type PollSettings, pollSettings, type ServerSettings, serverSettings } from './server-settings.ts';

import { userVariables } from './service-user.ts';
import { type ConfiguredService, readServices } from './services-settings.ts';
import { type ReadSetting, SettingReader } from './setting-reader.ts';
import { topologySettings } from './topology-settings.ts';

export type SettingsSource = Readonly<{
  /** Folder of models.yaml, services.yaml and spark.yaml. It need not exist. */
  folder: string;
  /** Environment variables; blank ones count as not set. */
  env: Env;
  /** Data folder, where the overrides lie. */
  dataFolder: string;
}>;

/** All settings but the catalog, and what was wrong with them: with `issues` they must not be used. */
export type SettingsReading = Omit<Topology, 'hostsOf'> &
  Readonly<{
    services: readonly ConfiguredService[];
    server: ServerSettings;
    polls: PollSettings;
    deadlines: DeadlineSettings;
    defaultModels: readonly DefaultModelRule[];
    files: ConfigFiles;
    settings: readonly ReadSetting[];
    issues: readonly Issue[];
    warnings: readonly string[];
    spark: SparkYaml | null;
  }>;

/** Reads spark.yaml (or `text`, which is to become its content), services.yaml and the environment. Never throws. */
export function readSettings(source: SettingsSource, text: string | null = null): SettingsReading {
  const { folder, dataFolder } = source;
  const env = new EnvReader(source.env);
  const files = configFiles(folder, dataFolder, env);
  const issues: Issue[] = [];
  const spark = readSparkFile(files.spark, text, issues);
  const { hostsOf, ...topology } = readTopology(spark, env, folder, issues);
  const hosts = topology.simulated ? [] : topology.clusters.flatMap((cluster) => cluster.hosts.map(({ key }) => key));
  const services = readServices(files.services, env.list('DISABLED_SERVICES'), hosts, issues);
  const defaultModels = spark?.content == null ? [] : defaultModelsOfFile(spark.file, spark.content, issues);
  const read = new SettingReader(env, spark?.content == null ? null : spark.file);
  const values = { server: serverSettings(read, env), polls: pollSettings(read), deadlines: deadlineSettings(read) };
  const file = spark?.file ?? null;
  const settings = [
    ...topologySettings({ clusters: topology.clusters, defaultModels, file, hostsOf, env }),
    ...read.found,
    ...environmentSettings(env, placesOf(source, files), variablesOf(services)),
  ];
  const warnings = [...(spark?.badNumbers.map(({ message }) => message) ?? []), ...env.warnings];
  return { ...topology, ...values, services, defaultModels, files, settings, issues: [...issues, ...env.issues], warnings, spark };
}

const placesOf = ({ folder, dataFolder }: SettingsSource, { modelsOverrides, servicesOverrides }: ConfigFiles) => ({
  SPARK_CONTROL_CONFIG: folder,
  SPARK_CONTROL_DATA: dataFolder,
  MODELS_OVERRIDES: modelsOverrides,
  SERVICES_OVERRIDES: servicesOverrides,
});

function variablesOf(services: readonly ConfiguredService[]): readonly Readonly<{ name: string; about: string; secret: boolean }>[] {
  const keys = services.map(({ key }) => key);
  return services.flatMap(({ key, apiKeyVariable }) => [
    ...userVariables(key, keys).map((name) => ({ name, about: `Login user for ${key}. Default: that of its host.`, secret: false })),
    ...(apiKeyVariable === null ? [] : [{ name: apiKeyVariable, about: `Key of ${key}.`, secret: true }]),
  ]);
}
