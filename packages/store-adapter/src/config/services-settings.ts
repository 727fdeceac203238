import type { Issue } from '@spark-control/core';
import { type FileServiceEntry, type FileServices, type SERVICE_KINDS, ServicesFile } from '@spark-control/schema';
import { shapeIssues } from './file-shape.ts';
import { issueAt, readYaml, type YamlFile } from './yaml-file.ts';

/** A service beside the model server, as configured. It has a `url`, or a `port` on `host` (`null`: the first cluster's head). */
export type ConfiguredService = Readonly<{
  key: string;
  name: string;
  kind: (typeof SERVICE_KINDS)[number];
  url: string | null;
  host: string | null;
  port: number | null;
  healthPath: string;
  model: string | null;
  container: string | null;
  /** Name of the variable that holds its key. */
  apiKeyVariable: string | null;
  publicUrl: string | null;
  /** Named in DISABLED_SERVICES: hidden and never asked. */
  isDisabled: boolean;
}>;

/** Reads services.yaml; without the file there are none. Faults go to `issues`. */
export function readServices(
  path: string,
  disabled: readonly string[],
  hosts: readonly string[],
  issues: Issue[],
): readonly ConfiguredService[] {
  const result = readYaml(path);
  if (result.kind === 'missing') return [];
  if (result.kind === 'broken') {
    issues.push(...result.issues);
    return [];
  }
  const faults = shapeIssues(ServicesFile, result.file);
  issues.push(...faults);
  if (faults.length > 0) return [];
  const { services } = result.file.value as FileServices;
  return Object.entries(services).map(([key, entry]) => {
    issues.push(...meaningIssues(key, entry, result.file, hosts));
    return serviceOf(key, entry, disabled.includes(key));
  });
}

function meaningIssues(key: string, { url, port, host }: FileServiceEntry, file: YamlFile, hosts: readonly string[]): readonly Issue[] {
  const at = `/services/${key}`;
  const hasUrl = typeof url === 'string';
  const issues: Issue[] = [];
  if (hasUrl === (typeof port === 'number')) issues.push(issueAt(file, at, 'url_or_port', `${key} needs either url or port, not both.`));
  if (hasUrl && !URL.canParse(url))
    issues.push(issueAt(file, `${at}/url`, 'bad_url', 'url has to be a URL such as http://192.168.1.50:8880.'));
  if (hasUrl && typeof host === 'string') issues.push(issueAt(file, `${at}/host`, 'not_allowed', 'host only goes with port.'));
  if (typeof host === 'string' && hosts.length > 0 && !hosts.includes(host)) {
    issues.push(
      issueAt(file, `${at}/host`, 'unknown_host', `There is no host ${JSON.stringify(host)}. The hosts are ${hosts.join(', ')}.`),
    );
  }
  return issues;
}

const DEFAULT_HEALTH_PATHS: Readonly<Partial<Record<ConfiguredService['kind'], string>>> = { qdrant: '/healthz' };

const serviceOf = (key: string, entry: FileServiceEntry, isDisabled: boolean): ConfiguredService => ({
  key,
  name: entry.name ?? key,
  kind: entry.kind,
  url: entry.url?.replace(/\/+$/, '') ?? null,
  host: entry.host ?? null,
  port: entry.port ?? null,
  healthPath: entry.health_path ?? DEFAULT_HEALTH_PATHS[entry.kind] ?? '/health',
  model: entry.model ?? null,
  container: entry.container ?? null,
  apiKeyVariable: entry.api_key?.from_env ?? null,
  publicUrl: entry.public_url ?? null,
  isDisabled,
});
