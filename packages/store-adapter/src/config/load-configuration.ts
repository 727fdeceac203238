import { type Cluster, type Logger, type Model, SparkError } from '@spark-control/core';
import { defaultModelWarnings } from './default-model-settings.ts';
import { readSettings, type SettingsReading, type SettingsSource } from './read-settings.ts';
import { summaryOf } from './summary.ts';
import { type CatalogSourceOptions, YamlCatalogSource } from './yaml-catalog-source.ts';
import { YamlServiceRegistry } from './yaml-service-registry.ts';

export type ConfigurationOptions = SettingsSource & Readonly<{ logger?: Logger }> & Pick<CatalogSourceOptions, 'repeat' | 'pollMs'>;

/**
 * Everything that files and environment say, checked. `simulated`: neither a spark.yaml nor SPARK1_HOST names hosts.
 * `defaultModels`: at most one for each cluster. `warnings`: oddities that keep nothing from working, as sentences for the log.
 */
export type Configuration = Omit<SettingsReading, 'issues' | 'settings' | 'spark' | 'services' | 'serviceSurroundings'> &
  Readonly<{
    /** Already reading; dispose it at the end. */
    catalog: YamlCatalogSource;
    /** Likewise. */
    services: YamlServiceRegistry;
  }>;

/**
 * Reads the configuration. Throws INVALID_SETTINGS or INVALID_CATALOG with every fault in `details.issues`: file, pointer
 * and line for a file, `env#/NAME` for a variable. Half a configuration is never used.
 */
export function loadConfiguration(options: ConfigurationOptions): Configuration {
  const { issues, settings: _settings, spark: _spark, services: _services, serviceSurroundings, ...reading } = readSettings(options);
  if (issues.length > 0) throw new SparkError('INVALID_SETTINGS', summaryOf('The settings are not valid', issues), { details: { issues } });

  const { files, polls, clusters, defaultModels } = reading;
  const { logger, repeat, pollMs } = options;
  const catalog = new YamlCatalogSource({
    files: { models: files.models, overrides: files.modelsOverrides },
    ...(logger === undefined ? {} : { logger }),
    ...(repeat === undefined ? {} : { repeat }),
    pollMs: pollMs ?? polls.catalogMs,
  });
  const services = new YamlServiceRegistry({
    files: { services: files.services, overrides: files.servicesOverrides },
    surroundings: serviceSurroundings,
    ...{ logger, repeat, pollMs: pollMs ?? polls.catalogMs },
  });
  const known = catalog.current().models;
  const warnings = [...reading.warnings, ...catalogWarnings(known, clusters, files.models), ...defaultModelWarnings(defaultModels, known)];
  return { ...reading, catalog, services, warnings };
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
