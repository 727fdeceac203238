import { type Cluster, GPU_KINDS, hostKey, type Issue, type Service } from '@spark-control/core';
import { type FileServiceEntry, type FileServices, FORMER_KINDS, ServiceOverridesFile, ServicesFile } from '@spark-control/schema';
import { shapeIssues } from './file-shape.ts';
import { bytesOf, entryIssues } from './service-entry-check.ts';
import { clashIssues } from './service-port-clash.ts';
import { keyFileResolver } from './spark-file-reader.ts';
import { issueAt, type YamlFile } from './yaml-file.ts';

/** What entries are held against. */
export type ServiceSurroundings = Readonly<{
  /** Empty in a simulation: then any host may be named. */
  clusters: readonly Cluster[];
  /** Keys that DISABLED_SERVICES names. */
  disabled: readonly string[];
  /** Login user that the environment gives a service; `keys` are those of all services. */
  userOf: (key: string, keys: readonly string[]) => string | null;
  home: string;
}>;

export type ServiceEntries = Readonly<
  { kind: 'good'; services: readonly Service[]; warnings: readonly string[] } | { kind: 'broken'; issues: readonly Issue[] }
>;

type Entries = Readonly<Record<string, unknown>>;

/** Puts the overrides over services.yaml and checks both together. `null`: there is no such file. */
export function serviceEntries(base: YamlFile | null, over: YamlFile | null, around: ServiceSurroundings): ServiceEntries {
  const outer = [...(base !== null && !isMap(base.value) ? shapeIssues(ServicesFile, base) : [])];
  if (over !== null) outer.push(...shapeIssues(ServiceOverridesFile, over));
  if (outer.length > 0) return { kind: 'broken', issues: outer };
  const warnings: string[] = [];
  const own = entriesOf(base, warnings);
  const overrides = entriesOf(over, warnings);
  const merged: YamlFile = {
    ...{ path: '', lineOf: () => undefined, has: () => true },
    value: { ...(isMap(base?.value) ? base.value : {}), services: mergeServices(own, overrides) },
  };
  const place = (issue: Issue): Issue => placed(issue, base, over);
  const shape = shapeIssues(ServicesFile, merged).map(place);
  if (shape.length > 0) return { kind: 'broken', issues: shape };
  const { services: entries } = merged.value as FileServices;
  const keys = Object.keys(entries);
  const services = Object.entries(entries).map(([key, entry]) => {
    const folder = folderOf(`/services/${key}/patches`, base, over);
    return serviceOf(key, entry, { ...around, keys, folder, isOverride: Object.hasOwn(overrides, key) });
  });
  const meaning = [...Object.entries(entries).flatMap(([key, entry]) => entryIssues(key, entry, around)), ...clashIssues(services, around)];
  if (meaning.length > 0) return { kind: 'broken', issues: meaning.map(place) };
  return { kind: 'good', services, warnings: [...warnings, ...unknownDisabled(services, around.disabled)] };
}

/** An issue of the merged entries, put where its author wrote it: the overrides where they name the field, else services.yaml. */
function placed(issue: Issue, base: YamlFile | null, over: YamlFile | null): Issue {
  const pointer = issue.path.replace(/^#/, '');
  const file = over?.has(pointer) ? over : (base ?? over);
  return file === null ? issue : issueAt(file, pointer, issue.code, issue.message);
}

const folderOf = (pointer: string, base: YamlFile | null, over: YamlFile | null): string =>
  ((over?.has(pointer) ? over : (base ?? over))?.path ?? '').replace(/[^/]*$/, '') || '.';

const isMap = (value: unknown): value is Entries => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The entries of a file, with kinds by their names of today. */
function entriesOf(file: YamlFile | null, warnings: string[]): Entries {
  const services = isMap(file?.value) ? file.value['services'] : null;
  if (!isMap(services)) return {};
  const entries = Object.entries(services).map(([key, entry]): [string, unknown] => {
    const former = isMap(entry) && typeof entry['kind'] === 'string' ? entry['kind'] : '';
    const kind = Object.hasOwn(FORMER_KINDS, former) ? FORMER_KINDS[former] : undefined;
    if (!isMap(entry) || kind === undefined) return [key, entry];
    const at = file === null ? '' : `${file.path} line ${file.lineOf(`/services/${key}/kind`) ?? 1}: `;
    warnings.push(`${at}the kind ${former} of service ${key} is called ${kind} now; the old name still works.`);
    return [key, { ...entry, kind }];
  });
  return Object.fromEntries(entries);
}

function mergeServices(own: Entries, overrides: Entries): Entries {
  const keys = [...new Set([...Object.keys(own), ...Object.keys(overrides)])];
  const merged = keys.flatMap((key): [string, unknown][] => {
    if (!Object.hasOwn(overrides, key)) return [[key, own[key]]];
    const over = overrides[key];
    return over === null ? [] : [[key, mergeEntry(own[key], over)]];
  });
  return Object.fromEntries(merged);
}

/** A service answers in one place: an override that names the other kind of place replaces both. */
function mergeEntry(own: unknown, over: unknown): unknown {
  if (!isMap(own) || !isMap(over)) return over;
  const replaced =
    over['url'] != null && over['port'] == null ? ['port', 'host'] : over['port'] != null && over['url'] == null ? ['url'] : [];
  const kept = Object.fromEntries(Object.entries(own).filter(([field]) => !replaced.includes(field)));
  return { ...kept, ...over };
}

function unknownDisabled(services: readonly Service[], disabled: readonly string[]): readonly string[] {
  const unknown = disabled.filter((key) => !services.some((service) => service.key === key));
  if (unknown.length === 0) return [];
  const known = services.length === 0 ? 'There is none' : `There are ${services.map(({ key }) => key).join(', ')}`;
  return unknown.map((key) => `DISABLED_SERVICES names ${JSON.stringify(key.slice(0, 80))}, which is no service. ${known}.`);
}

const DEFAULT_HEALTH_PATHS: Readonly<Partial<Record<Service['kind'], string>>> = { qdrant: '/healthz', openai: '/v1/models' };

type Making = ServiceSurroundings & Readonly<{ keys: readonly string[]; folder: string; isOverride: boolean }>;

const serviceOf = (key: string, entry: FileServiceEntry, { disabled, userOf, home, keys, folder, isOverride }: Making): Service => ({
  key,
  name: entry.name ?? key,
  kind: entry.kind,
  url: entry.url?.replace(/\/+$/, '') ?? null,
  host: entry.host == null ? null : hostKey(entry.host),
  port: entry.port ?? null,
  healthPath: entry.health_path ?? DEFAULT_HEALTH_PATHS[entry.kind] ?? '/health',
  model: entry.model ?? null,
  container: entry.container ?? null,
  user: userOf(key, keys) ?? entry.user ?? null,
  apiKeyVariable: entry.api_key?.from_env ?? null,
  publicUrl: entry.public_url?.replace(/\/+$/, '') ?? null,
  usesGpu: entry.uses_gpu ?? GPU_KINDS.includes(entry.kind),
  memoryLimitBytes: entry.memory_limit == null ? null : bytesOf(entry.memory_limit),
  patches: (entry.patches ?? []).map(({ name, source, target }) => ({ name, target, source: keyFileResolver(home, folder)(source) })),
  probe: { path: entry.probe_path ?? null, voice: entry.voice ?? null, speakers: entry.speaker_path ?? null },
  isDisabled: disabled.includes(key),
  origin: isOverride ? 'override' : 'file',
});
