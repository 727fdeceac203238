import type { HostFacts, HostReport } from '../ports/host-probe.ts';
import type { HostObservation, ObservedContainer } from '../ports/model-runtime.ts';
import type { Host } from '../topology/cluster.ts';
import type { CheckName, CheckStatus, PreflightCheck } from './preflight-report.ts';

/** All that is known about one host when a pre-flight looks at it; `null` with the reason why not. */
export type HostPicture = Readonly<{
  host: Host;
  facts: HostFacts | null;
  containers: readonly ObservedContainer[] | null;
  /** Why facts or containers are missing; `null`: nothing is. */
  reason: string | null;
}>;

export function picturesOf(
  hosts: readonly Host[],
  reports: readonly HostReport[],
  observation: readonly HostObservation[],
): readonly HostPicture[] {
  return hosts.map((host) => {
    const report = reports.find((candidate) => candidate.host === host.key);
    const seen = observation.find((candidate) => candidate.host === host.key);
    const reason = report?.reachable === false ? report.reason : seen?.reachable === false ? seen.reason : null;
    return {
      host,
      facts: report?.reachable === true ? report.facts : null,
      containers: seen?.reachable === true ? seen.containers : null,
      reason: reason ?? (report === undefined || seen === undefined ? 'It was not asked.' : null),
    };
  });
}

type CheckText = Readonly<{ detail: string; hint?: string | null; measured?: string | null }>;

export const check = (name: CheckName, host: Host | null, status: CheckStatus, text: CheckText): PreflightCheck => ({
  name,
  host: host?.key ?? null,
  status,
  detail: text.detail,
  hint: text.hint ?? null,
  measured: text.measured ?? null,
});

/** A host that cannot be asked is never taken for one where all is well, nor for one where nothing runs. */
export const unknownCheck = (name: CheckName, picture: HostPicture): PreflightCheck => {
  const reason = picture.reason ?? 'The host did not say.';
  return check(name, picture.host, 'unknown', { detail: `Could not be checked on ${picture.host.name}: ${reason}` });
};

/** Containers that are there: exited ones and those set aside for a rollback do not count. */
export const presentOn = (picture: HostPicture): readonly ObservedContainer[] =>
  (picture.containers ?? []).filter((container) => !container.parked && container.state !== 'absent');

/** Whether the model server process of a container lives, so that it can hold the port and the memory. */
export const isAlive = (container: ObservedContainer): boolean => container.state === 'running' || container.state === 'stopping';
