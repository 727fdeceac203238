import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  type Cluster,
  type DeadlineSettings,
  type DefaultModelRule,
  type Issue,
  type Logger,
  type Model,
  SparkError,
} from '@spark-control/core';
import { type FileSpark, SparkFile } from '@spark-control/schema';
import { clusterDefaults, simulatedCluster } from './cluster-settings.ts';
import { defaultModelsOfFile, defaultModelWarnings } from './default-model-settings.ts';
import { clustersOfEnvironment } from './env-clusters.ts';
import { type Env, EnvReader } from './env-reader.ts';
import { shapeIssues } from './file-shape.ts';
import { deadlineSettings, type ServerSettings, serverSettings } from './server-settings.ts';
import { type ConfiguredService, readServices } from './services-settings.ts';
import { clustersOfFile, keyFileResolver } from './spark-file-reader.ts';
import { summaryOf } from './summary.ts';
import { type CatalogSourceOptions, YamlCatalogSource } from './yaml-catalog-source.ts';
import { readYaml, type YamlFile } from './yaml-file.ts';

export type ConfigurationOptions = Readonly<{
  /** Folder of models.yaml, services.yaml and spark.yaml. It need not exist. */
  folder: string;
  /** Environment variables; blank ones count as not set. */
  env: Env;
  /** Data folder, where the overrides of the catalog lie. */
  dataFolder: string;
  logger?: Logger;
}> &
  Pick<CatalogSourceOptions, 'repeat' | 'pollMs'>;

/** Everything that files and environment say, checked. */
export type Configuration = Readonly<{
  clusters: readonly Cluster[];
  /** True when neither a spark.yaml nor SPARK1_HOST names hosts. */
  simulated: boolean;
  /** Already reading; dispose it at the end. */
  catalog: YamlCatalogSource;
  services: readonly ConfiguredService[];
  server: ServerSettings;
  deadlines: DeadlineSettings;
  /** At most one for each cluster. */
  defaultModels: readonly DefaultModelRule[];
  /** Oddities that keep nothing from working, as sentences for the log. */
  warnings: readonly string[];
}>;

/**
 * Reads the configuration. Throws INVALID_SETTINGS or INVALID_CATALOG with every fault in `details.issues`: file, pointer
 * and line for a file, `env#/NAME` for a variable. Half a configuration is never used.
 */
export function loadConfiguration(options: ConfigurationOptions): Configuration {
  const { folder, dataFolder } = options;
  const env = new EnvReader(options.env);
  const issues: Issue[] = [];
  const spark = readSparkFile(fileIn(folder, 'spark'), issues);
  const topology = readTopology(spark, env, folder, issues);
  const hosts = topology.simulated ? [] : topology.clusters.flatMap((cluster) => cluster.hosts.map(({ key }) => key));
  const services = readServices(fileIn(folder, 'services'), env.list('DISABLED_SERVICES'), hosts, issues);
  const defaultModels = spark?.content == null ? [] : defaultModelsOfFile(spark.file, spark.content, issues);
  const server = serverSettings(env, spark?.content ?? null);
  issues.push(...env.issues);
  if (issues.length > 0) throw new SparkError('INVALID_SETTINGS', summaryOf('The settings are not valid', issues), { details: { issues } });

  const models = fileIn(folder, 'models');
  const overrides = env.text('MODELS_OVERRIDES') ?? join(dataFolder, 'models-overrides.yaml');
  const { logger, repeat, pollMs } = options;
  const catalog = new YamlCatalogSource({
    files: { models, overrides },
    ...(logger === undefined ? {} : { logger }),
    ...(repeat === undefined ? {} : { repeat }),
    ...(pollMs === undefined ? {} : { pollMs }),
  });
  const known = catalog.current().models;
  const warnings = [...env.warnings, ...catalogWarnings(known, topology.clusters, models), ...defaultModelWarnings(defaultModels, known)];
  return { ...topology, catalog, services, server, deadlines: deadlineSettings(spark?.content ?? null), defaultModels, warnings };
}

/** `name.yaml`, or `name.yml` where only that is there: overlooking it would end in a simulation. */
function fileIn(folder: string, name: string): string {
  const [usual, other] = [join(folder, `${name}.yaml`), join(folder, `${name}.yml`)];
  return !existsSync(usual) && existsSync(other) ? other : usual;
}

type SparkYaml = Readonly<{ file: YamlFile; content: FileSpark | null }>;

/** `null`: there is no file. Without content: there is one and it is broken. */
function readSparkFile(path: string, issues: Issue[]): SparkYaml | null {
  const result = readYaml(path);
  if (result.kind === 'missing') return null;
  if (result.kind === 'broken') {
    issues.push(...result.issues);
    return { file: { path, value: null, lineOf: () => undefined, has: () => false }, content: null };
  }
  const file = { ...result.file, value: withoutEmptySections(result.file.value) };
  const faults = shapeIssues(SparkFile, file);
  issues.push(...faults);
  return { file, content: faults.length === 0 ? (file.value as FileSpark) : null };
}

/** `server:` with nothing behind it is `null` in YAML; its author left the section out. An empty file names no host. */
function withoutEmptySections(value: unknown): unknown {
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, section]) => section !== null));
}

function readTopology(
  spark: SparkYaml | null,
  env: EnvReader,
  folder: string,
  issues: Issue[],
): Readonly<{ clusters: readonly Cluster[]; simulated: boolean }> {
  const defaults = clusterDefaults(env);
  const home = env.text('HOME') ?? homedir();
  if (spark !== null) {
    if (spark.content === null) return { clusters: [], simulated: false };
    if (env.text('SPARK1_HOST') !== null) env.warnings.push(`SPARK1_HOST is ignored, because ${spark.file.path} names the hosts.`);
    const user = env.text('USER') ?? 'nvidia';
    const keyFile = keyFileResolver(home, folder);
    const { file, content } = spark;
    const clusters = clustersOfFile({ file, spark: content, defaults, user, keyFile, issues, warnings: env.warnings });
    return { clusters, simulated: false };
  }
  const clusters = clustersOfEnvironment(env, defaults, keyFileResolver(home, process.cwd()));
  if (clusters.length > 0) return { clusters, simulated: false };
  return { clusters: [simulatedCluster(defaults)], simulated: true };
}

function catalogWarnings(models: readonly Model[], clusters: readonly Cluster[], file: string): readonly string[] {
  if (models.length === 0) return [`${file} names no model: there is nothing to load yet.`];
  return models.flatMap((model) => {
    const unknown = model.clusters.filter((key) => !clusters.some((cluster) => cluster.key === key));
    const eligible = clusters.filter((cluster) => model.clusters.length === 0 || model.clusters.includes(cluster.key));
    const isTooWide = eligible.length > 0 && eligible.every((cluster) => cluster.hosts.length < model.nodes);
    return [
      ...unknown.map((key) => `${file}: model ${model.key} names a cluster that does not exist: ${key}.`),
      ...(isTooWide ? [`${file}: model ${model.key} needs ${model.nodes} hosts, and no cluster has as many.`] : []),
    ];
  });
}
