import type { Cluster, Issue } from '@spark-control/core';
import type { FileServiceEntry } from '@spark-control/schema';

const MIB = 2 ** 20;
const UNITS: Readonly<Record<string, number>> = { KiB: 1_024, MiB: MIB, GiB: 2 ** 30 };
const LEAST_BYTES = 64 * MIB;
const MOST_BYTES = 2 ** 40;

/** Bytes of a memory limit whose form the schema has accepted. */
export function bytesOf(limit: string | number): number {
  if (typeof limit === 'number') return limit;
  const [, figure = '', unit = ''] = /^([\d.]+) ?(\w+)$/.exec(limit) ?? [];
  return Math.round(Number(figure) * (UNITS[unit] ?? 1));
}

type Found = (field: string, code: string, message: string) => Issue;

/** What is wrong with one entry by itself. Paths are pointers into the file. */
export function entryIssues(key: string, entry: FileServiceEntry, around: Readonly<{ clusters: readonly Cluster[] }>): readonly Issue[] {
  const at: Found = (field, code, message) => ({ path: `#/services/${key}${field}`, code, message });
  return [...placeIssues(key, entry, around.clusters, at), ...limitIssues(entry, at), ...patchIssues(entry, at)];
}

function placeIssues(
  key: string,
  { url, public_url, port, host }: FileServiceEntry,
  clusters: readonly Cluster[],
  at: Found,
): readonly Issue[] {
  const hasUrl = typeof url === 'string';
  const issues: Issue[] = [];
  if (hasUrl === (typeof port === 'number')) issues.push(at('', 'url_or_port', `${key} needs either url or port, not both.`));
  for (const [field, value] of Object.entries({ url, public_url })) {
    const problem = typeof value === 'string' ? urlProblem(value) : null;
    if (problem !== null) issues.push(at(`/${field}`, 'bad_url', `${field} ${problem}`));
  }
  if (hasUrl && typeof host === 'string') issues.push(at('/host', 'not_allowed', 'host only goes with port.'));
  const hosts = clusters.flatMap((cluster) => cluster.hosts.map(({ key: known }) => String(known)));
  if (typeof host === 'string' && hosts.length > 0 && !hosts.includes(host)) {
    issues.push(at('/host', 'unknown_host', `There is no host ${JSON.stringify(host)}. The hosts are ${hosts.join(', ')}.`));
  }
  return issues;
}

/** The address is shown to everybody who may look. */
function urlProblem(url: string): string | null {
  if (!URL.canParse(url)) return 'has to be a URL such as http://192.168.1.50:8880.';
  const { username, password, search, hash } = new URL(url);
  if (username !== '' || password !== '') return 'must not hold a password: name a variable with api_key instead.';
  return search === '' && hash === '' ? null : 'must have no query and no fragment.';
}

function limitIssues({ memory_limit: limit }: FileServiceEntry, at: Found): readonly Issue[] {
  const bytes = limit == null ? LEAST_BYTES : bytesOf(limit);
  if (bytes >= LEAST_BYTES && bytes <= MOST_BYTES) return [];
  return [at('/memory_limit', 'out_of_range', 'memory_limit has to be from 64MiB to 1024GiB; a plain number counts bytes.')];
}

function patchIssues({ patches }: FileServiceEntry, at: Found): readonly Issue[] {
  const seen = new Set<string>();
  return (patches ?? []).flatMap(({ name, source, target }, index) => {
    const found: Issue[] = [];
    if (seen.has(`name ${name}`)) found.push(at(`/patches/${index}/name`, 'duplicate', `There are two patches called ${name}.`));
    if (seen.has(`target ${target}`)) found.push(at(`/patches/${index}/target`, 'duplicate', `Two patches write ${target}.`));
    if (hasControl(source)) found.push(at(`/patches/${index}/source`, 'bad_path', 'source must have no control character.'));
    if (!isPlainTarget(target)) {
      const message = 'target has to be the absolute path of a file, without "..", "//" and control characters.';
      found.push(at(`/patches/${index}/target`, 'bad_path', message));
    }
    seen.add(`name ${name}`).add(`target ${target}`);
    return found;
  });
}

const hasControl = (text: string): boolean => /\p{Cc}/u.test(text);

const isPlainTarget = (path: string): boolean =>
  !hasControl(path) &&
  path
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..');
