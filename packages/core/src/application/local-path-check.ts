import { localPathProblem } from '../catalog/locations.ts';
import type { Issue } from '../errors.ts';
import type { PathVerdict, WeightStore } from '../ports/weight-store.ts';
import type { Cluster } from '../topology/cluster.ts';
import type { ModelDeskDeps } from './model-api.ts';
import { timedLook } from './timed-look.ts';

/** A folder on a disk that has to spin up is found within this; more is a host that hangs. */
const LIMIT_MS = 20_000;

export type PathFindings = Readonly<{ issues: readonly Issue[]; notes: readonly string[] }>;

type Finding = Readonly<{ issues: readonly Issue[]; notes: readonly string[] }>;

/**
 * Looks for a local path on the hosts that a model would span. One cluster that can start it is enough; what keeps the others from it
 * is told. A host that cannot be asked is a note and no refusal: it may be off, and whether the path is there is checked again before
 * every start.
 */
export async function localPathFindings(
  { weights, clock }: Pick<ModelDeskDeps, 'weights' | 'clock'>,
  path: string,
  clusters: readonly Cluster[],
  nodes: number,
  signal: AbortSignal,
): Promise<PathFindings> {
  const found = await Promise.all(
    clusters.map((cluster) => findingsOn(cluster, weights.get(cluster.key) ?? null, path, nodes, signal, clock)),
  );
  const notes = found.flatMap((finding) => finding.notes);
  const issues = found.flatMap((finding) => finding.issues);
  if (found.length > 0 && found.every((finding) => finding.issues.length > 0)) return { issues, notes };
  return { issues: [], notes: [...notes, ...issues.map(({ message }) => message)] };
}

async function findingsOn(
  cluster: Cluster,
  store: WeightStore | null,
  path: string,
  nodes: number,
  signal: AbortSignal,
  clock: ModelDeskDeps['clock'],
): Promise<Finding> {
  const form = localPathProblem(path, cluster.modelRoots);
  if (form !== null) return { issues: [issueOf(`On cluster ${cluster.key} it ${form}.`, 'bad_path')], notes: [] };
  if (store === null) return { issues: [], notes: [] };
  const spanned = cluster.hosts.slice(0, nodes).map(({ key }) => key);
  const verdicts = (await verdictsOf(cluster, store, path, signal, clock)).filter(({ host }) => spanned.includes(host));
  const issues = verdicts.flatMap(({ host, ok, problem, unknown }) =>
    ok || unknown === true ? [] : [issueOf(`On host ${host} it cannot be used: ${problem ?? 'it is not there.'}`, 'not_on_host')],
  );
  const notes = verdicts.flatMap(({ host, problem, unknown }) =>
    unknown === true ? [`Whether ${path} is on host ${host} is not known: ${problem ?? 'it could not be asked.'}`] : [],
  );
  return { issues, notes };
}

async function verdictsOf(
  cluster: Cluster,
  store: WeightStore,
  path: string,
  signal: AbortSignal,
  clock: ModelDeskDeps['clock'],
): Promise<readonly PathVerdict[]> {
  const look = timedLook(cluster, clock, LIMIT_MS, signal);
  try {
    const verdicts = await look.orUnreachable((limited) => store.checkPath(path, cluster.modelRoots, limited));
    return verdicts.map(
      (verdict): PathVerdict =>
        'reachable' in verdict ? { host: verdict.host, ok: false, problem: verdict.reason, unknown: true } : verdict,
    );
  } finally {
    look.done();
  }
}

const issueOf = (message: string, code: string): Issue => ({ path: '/local_path', code, message });
