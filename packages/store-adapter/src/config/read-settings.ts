import { homedir } from 'node:os';
import type { DeadlineSettings, DefaultModelRule, Issue, Service } from '@spark-control/core';
import { type ConfigFiles, configFiles } from './config-files.ts';
import { defaultModelsOfFile } from './default-model-settings.ts';
import { type Env, EnvReader } from './env-reader.ts';
import { environmentSettings } from './environment-settings.ts';
import { readSparkFile, readTopology, type SparkYaml, type Topology } from './read-topology.ts';
import { deadlineSettings, type PollSettings, pollSettings, type ServerSettings, serverSettings } from './server-settings.ts';
import type { ServiceSurroundings } from './service-entries.ts';
import { serviceUser, userVariables } from './service-user.ts';
import { type ReadSetting, SettingReader } from './setting-reader.ts';
import { topologySettings } from './topology-settings.ts';
import { readServices } from './yaml-service-registry.ts';

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
    services: readonly Service[];
    /** What the services are held against, whenever their files are read again. */
    serviceSurroundings: ServiceSurroundings;
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
  const serviceSurroundings: ServiceSurroundings = {
    clusters: topology.simulated ? [] : topology.clusters,
    disabled: env.list('DISABLED_SERVICES'),
    userOf: (key, keys) => serviceUser(env, key, keys),
    home: env.text('HOME') ?? homedir(),
  };
  const found = readServices({ services: files.services, overrides: files.servicesOverrides }, serviceSurroundings);
  if (found.kind === 'broken') issues.push(...found.issues);
  const services = found.kind === 'good' ? found.services : [];
  const defaultModels = spark?.content == null ? [] : defaultModelsOfFile(spark.file, spark.content, issues);
  const read = new SettingReader(env, spark?.content == null ? null : spark.file);
  const values = { server: serverSettings(read, env), polls: pollSettings(read), deadlines: deadlineSettings(read) };
  const file = spark?.file ?? null;
  const settings = [
    ...topologySettings({ clusters: topology.clusters, defaultModels, file, hostsOf, env }),
    ...read.found,
    ...environmentSettings(env, placesOf(source, files), variablesOf(services)),
  ];
  const ofServices = found.kind === 'good' ? found.warnings : [];
  const warnings = [...(spark?.badNumbers.map(({ message }) => message) ?? []), ...ofServices, ...env.warnings];
  const parts = { ...topology, ...values, services, serviceSurroundings, defaultModels, files };
  return { ...parts, settings, issues: [...issues, ...env.issues], warnings, spark };
}

const placesOf = ({ folder, dataFolder }: SettingsSource, { modelsOverrides, servicesOverrides }: ConfigFiles) => ({
  SPARK_CONTROL_CONFIG: folder,
  SPARK_CONTROL_DATA: dataFolder,
  MODELS_OVERRIDES: modelsOverrides,
  SERVICES_OVERRIDES: servicesOverrides,
});

function variablesOf(services: readonly Service[]): readonly Readonly<{ name: string; about: string; secret: boolean }>[] {
  const keys = services.map(({ key }) => key);
  return services.flatMap(({ key, apiKeyVariable }) => [
    ...userVariables(key, keys).map((name) => ({ name, about: `Login user for ${key}. Default: that of its host.`, secret: false })),
    ...(apiKeyVariable === null ? [] : [{ name: apiKeyVariable, about: `Key of ${key}.`, secret: true }]),
  ]);
}
