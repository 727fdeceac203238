import { clusterKey, type DefaultModelRule, type Issue, isKey, type Model, modelKey } from '@spark-control/core';
import type { FileSpark } from '@spark-control/schema';
import { issueAt, type YamlFile } from './yaml-file.ts';

/** Default models of a spark.yaml of the right shape. Faults in their meaning go to `issues`. */
export function defaultModelsOfFile(file: YamlFile, spark: FileSpark, issues: Issue[]): readonly DefaultModelRule[] {
  return Object.entries(spark.clusters ?? {}).flatMap(([cluster, { default_model: entry }]): readonly DefaultModelRule[] => {
    if (entry === undefined) return [];
    const at = `/clusters/${cluster}/default_model/model`;
    if (!isKey(entry.model)) issues.push(issueAt(file, at, 'bad_key', `${entry.model} is reserved, so no model has that key.`));
    return [
      {
        cluster: clusterKey(cluster),
        model: modelKey(entry.model),
        afterLockRelease: entry.after_lock_release ?? true,
        afterIdleMs: entry.after_idle_seconds == null ? null : entry.after_idle_seconds * 1_000,
        afterReboot: entry.after_reboot ?? true,
      },
    ];
  });
}

/** The catalog changes while the server runs, so that a model it does not have now is no reason not to start. */
export function defaultModelWarnings(rules: readonly DefaultModelRule[], models: readonly Model[]): readonly string[] {
  return rules.flatMap(({ cluster, model }) => {
    const found = models.find(({ key }) => key === model);
    if (found === undefined) return [`Cluster ${cluster} has a default model that is not in the catalog: ${model}.`];
    const isKept = found.clusters.length === 0 || found.clusters.includes(cluster);
    return isKept ? [] : [`Cluster ${cluster} has a default model that may only run on ${found.clusters.join(', ')}: ${model}.`];
  });
}
