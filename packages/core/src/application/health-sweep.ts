import { type Cluster, endpointOf } from '../topology/cluster.ts';
import { type ActionResult, done, failed } from './action-context.ts';
import type { AutomationDeps } from './automation-deps.ts';

/** Telemetry older than this says nothing about now. */
const STALE_AFTER_MS = 60_000;

/** Looks at everything that ought to be well: hosts, what the clusters serve, services. It changes nothing. */
export async function sweep(deps: AutomationDeps, signal: AbortSignal): Promise<ActionResult> {
  const { core, services } = deps;
  const clusters = await Promise.all(core.clusters.map((cluster) => faultsOf(deps, cluster, signal)));
  const asked = services === null ? [] : await services.health(signal);
  const faults = [...clusters.flat(), ...asked.filter(({ ok }) => !ok).map(({ service, detail }) => ended(`${service}: ${detail}`))];
  const hosts = core.clusters.reduce((sum, cluster) => sum + cluster.hosts.length, 0);
  const looked = `${counted(core.clusters.length, 'cluster')}, ${counted(hosts, 'host')} and ${counted(asked.length, 'service')}`;
  if (faults.length === 0) return done(`All is well with ${looked}.`);
  return failed(`${counted(faults.length, 'fault')} among ${looked}. ${faults.join(' ')}`);
}

async function faultsOf({ core, endpoint, clock }: AutomationDeps, cluster: Cluster, signal: AbortSignal): Promise<readonly string[]> {
  const view = core.views().find((candidate) => candidate.cluster === cluster.key);
  if (view === undefined || view.observedAt === null) return [`${cluster.name} has not been looked at yet.`];
  const away = new Map(view.unreachable.map(({ host, reason }) => [host, reason]));
  for (const report of core.hostReports().filter((candidate) => candidate.cluster === cluster.key)) {
    if (!report.reachable) away.set(report.host, report.reason);
    else if (clock.now() - report.at > STALE_AFTER_MS && !away.has(report.host)) away.set(report.host, 'there is no fresh news of it');
  }
  const faults = [...away].map(([host, reason]) => ended(`${host} cannot be asked: ${reason}`));
  // In the middle of a swap nothing has to answer.
  if (view.activeSwap !== null || view.serving.kind === 'nothing' || view.serving.kind === 'unknown') return faults;
  const health = await endpoint.health(endpointOf(cluster), signal);
  const what = view.serving.kind === 'model' ? view.serving.model : 'the model server';
  switch (health.kind) {
    case 'healthy':
      return faults;
    case 'unhealthy':
      return [...faults, `${what} on ${cluster.name} answers with status ${health.status}.`];
    case 'unreachable':
      return [...faults, ended(`${what} on ${cluster.name} does not answer: ${health.reason}`)];
    default:
      return health satisfies never;
  }
}

/** Reasons come from elsewhere, as sentences or not. */
const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
