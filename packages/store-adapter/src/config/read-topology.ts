import { homedir } from 'node:os';
import type { Cluster, Issue } from '@spark-control/core';
import { type FileSpark, SparkFile } from '@spark-control/schema';
import { type BadNumber, withoutBadNumbers } from './bad-numbers.ts';
import { clusterDefaults, simulatedCluster } from './cluster-settings.ts';
import { clustersOfEnvironment, hostsOfEnvironment } from './env-clusters.ts';
import type { EnvReader } from './env-reader.ts';
import { shapeIssues } from './file-shape.ts';
import { clustersOfFile, keyFileResolver } from './spark-file-reader.ts';
import { issueAt, parseYaml, readYaml, type YamlFile } from './yaml-file.ts';

/** `null`: there is no file. Without content: there is one and it is broken. */
export type SparkYaml = Readonly<{ file: YamlFile; content: FileSpark | null; badNumbers: readonly BadNumber[] }>;

/** Reads spark.yaml, or the `text` that is to become its content. */
export function readSparkFile(path: string, text: string | null, issues: Issue[]): SparkYaml | null {
  const result = text === null ? readYaml(path) : parseYaml(path, text);
  if (result.kind === 'missing') return null;
  if (result.kind === 'broken') {
    issues.push(...result.issues);
    return { file: { path, value: null, lineOf: () => undefined, has: () => false }, content: null, badNumbers: [] };
  }
  const { file, bad } = withoutBadNumbers(SparkFile, { ...result.file, value: withoutEmptySections(result.file.value) });
  const faults = shapeIssues(SparkFile, file);
  issues.push(...faults);
  return { file, content: faults.length === 0 ? (file.value as FileSpark) : null, badNumbers: bad };
}

/** `server:` with nothing behind it is `null` in YAML; its author left the section out. An empty file names no host. */
function withoutEmptySections(value: unknown): unknown {
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, section]) => section !== null));
}

/** `hostsOf`: where the hosts are named. */
export type Topology = Readonly<{ clusters: readonly Cluster[]; simulated: boolean; hostsOf: 'file' | 'environment' | 'nowhere' }>;

export function readTopology(spark: SparkYaml | null, env: EnvReader, folder: string, issues: Issue[]): Topology {
  const defaults = clusterDefaults(env);
  const home = env.text('HOME') ?? homedir();
  const fromHere = keyFileResolver(home, process.cwd());
  if (spark === null) {
    const clusters = clustersOfEnvironment(hostsOfEnvironment(env, fromHere), defaults);
    if (clusters.length > 0) return { clusters, simulated: false, hostsOf: 'environment' };
    return { clusters: [simulatedCluster(defaults)], simulated: true, hostsOf: 'nowhere' };
  }
  const { file, content } = spark;
  if (content === null) return { clusters: [], simulated: false, hostsOf: 'file' };
  const facts = { file, spark: content, defaults, user: env.text('USER') ?? 'nvidia', issues, warnings: env.warnings };
  if (content.hosts !== undefined) {
    if (env.text('SPARK1_HOST') !== null) env.warnings.push(`SPARK1_HOST is ignored, because ${file.path} names the hosts.`);
    return { clusters: clustersOfFile({ ...facts, keyFile: keyFileResolver(home, folder), given: [] }), simulated: false, hostsOf: 'file' };
  }
  const given = hostsOfEnvironment(env, fromHere);
  if (given.length === 0) issues.push(issueAt(file, '', 'missing', 'The file needs the field "hosts".'));
  const isPlain = given.length === 0 || content.clusters === undefined;
  const clusters = isPlain ? clustersOfEnvironment(given, defaults) : clustersOfFile({ ...facts, keyFile: fromHere, given });
  return { clusters, simulated: false, hostsOf: 'environment' };
}
