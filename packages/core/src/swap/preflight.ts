import { flagDanger } from '../catalog/flags.ts';
import type { Model } from '../catalog/model.ts';
import type { Issue, SparkError } from '../errors.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import { previewCommand } from '../launch/preview.ts';
import type { HostReport } from '../ports/host-probe.ts';
import type { MemoryRecord } from '../ports/memory-records.ts';
import type { HostObservation } from '../ports/model-runtime.ts';
import type { Cluster } from '../topology/cluster.ts';
import {
  type CheckScene,
  diskCheck,
  hostCheck,
  imageCheck,
  launcherCheck,
  portCheck,
  unmanagedCheck,
  weightsCheck,
} from './preflight-checks.ts';
import { check, type HostPicture, picturesOf } from './preflight-host.ts';
import { memoryChecks } from './preflight-memory.ts';
import type { CheckName, LoadEstimate, PreflightCheck, PreflightReport } from './preflight-report.ts';
import { NOTHING_STANDS, type Standings, standingChecks } from './preflight-standing.ts';

export type PreflightInput = Readonly<{
  model: Model;
  cluster: Cluster;
  /** From `buildPlan`; `null` when it threw `error`. */
  plan: LaunchPlan | null;
  /** What `buildPlan` or `checkFlags` refused, if anything. */
  error: SparkError | null;
  /** Asked with the plan's image and the model's source. */
  reports: readonly HostReport[];
  observation: readonly HostObservation[];
  estimate: LoadEstimate;
  replaceUnmanaged: boolean;
  /** What earlier loads of the model on this cluster took, newest first. */
  memoryRecords?: readonly MemoryRecord[];
  /** From `missingSecrets`: secrets that the entry needs and that are not set here. */
  missingSecrets?: readonly Issue[];
  /** The catalog's own fault, when this entry is of the last good snapshot. */
  catalogFault?: string | null;
  /** What others hold and plan. */
  standings?: Standings;
}>;

/** Judges what was observed. Pure: it asks nobody and starts nothing. */
export function preflightReport(input: PreflightInput): PreflightReport {
  const { model, cluster, plan } = input;
  const all = picturesOf(cluster.hosts, input.reports, input.observation);
  const taking = all.slice(0, plan?.nodes.length ?? model.nodes);
  const head = all[0] ?? null;
  const scene: CheckScene = { cluster, plan, replaceUnmanaged: input.replaceUnmanaged, head };
  const memory = memoryChecks(scene, taking, input.memoryRecords);
  const checks = [
    ...catalogChecks(input),
    ...standingChecks(input.standings ?? NOTHING_STANDS),
    ...all.map(hostCheck),
    ...taking.map((picture) => launcherCheck(scene, picture)),
    ...taking.map((picture) => imageCheck(scene, picture)),
    ...taking.map((picture) => weightsCheck(model, picture)),
    ...(head === null ? [] : [portCheck(scene, head)]),
    ...memory.checks,
    ...taking.map((picture) => diskCheck(scene, picture)),
    ...flagChecks(input),
    ...all.map((picture) => unmanagedCheck(scene, picture)),
  ];
  return {
    model: model.key,
    cluster: cluster.key,
    // A host that could not be asked is no "fail", and still nothing could start on it.
    ok: checks.every((one) => one.status !== 'fail' && !(one.name === 'host' && one.status === 'unknown')),
    checks,
    command: plan === null ? null : { launcher: cluster.launcher, preview: previewCommand(plan, cluster, generationOf(head)) },
    memory: memory.memory,
    estimate: input.estimate,
  };
}

const generationOf = (head: HostPicture | null): 'legacy' | 'modern' | null => head?.facts?.launcher?.generation ?? null;

function catalogChecks(input: PreflightInput): readonly PreflightCheck[] {
  const { error } = input;
  if (error !== null && error.code === 'PREFLIGHT_FAILED') {
    const issues = error.details.issues ?? [{ path: '', code: 'catalog', message: error.message }];
    return issues.map((issue) =>
      check('catalog', null, 'fail', { detail: issue.message, hint: 'Correct the entry, or choose another cluster.' }),
    );
  }
  if (input.catalogFault != null) {
    const hint = 'Correct the file; until then the last good catalog is used.';
    return [check('catalog', null, 'warn', { detail: `The catalog on disk is broken: ${input.catalogFault}`, hint })];
  }
  return [check('catalog', null, 'pass', { detail: `The entry ${input.model.key} is valid and may run on cluster ${input.cluster.key}.` })];
}

function flagChecks(input: PreflightInput): readonly PreflightCheck[] {
  const failed = [...refusedFlags(input.error), ...secretChecks(input.missingSecrets ?? [])];
  if (failed.length > 0) return failed;
  const dangers = Object.entries(input.model.flags).flatMap(([name, value]) => {
    const danger = flagDanger(name, value);
    return danger === null ? [] : [check('flags', null, 'warn', { detail: `--${name}: ${danger}` })];
  });
  return dangers.length > 0
    ? dangers
    : [check('flags', null, 'pass', { detail: 'Flags, arguments and environment can be passed on as they are.' })];
}

function refusedFlags(error: SparkError | null): readonly PreflightCheck[] {
  if (error === null || error.code === 'PREFLIGHT_FAILED') return [];
  const details = error.details.issues?.map((issue) => issue.message) ?? [error.message];
  return details.map((detail) => check('flags', null, 'fail', { detail, hint: 'Change the value and ask again.' }));
}

const secretChecks = (issues: readonly Issue[]): readonly PreflightCheck[] =>
  issues.map((issue) => check('flags', null, 'fail', { detail: issue.message }));

/** Where in the request a failed check is to be mended. */
const PATHS: Readonly<Record<CheckName, string>> = {
  catalog: '/model',
  flags: '/model',
  image: '/model',
  weights: '/model',
  memory: '/model',
  lock: '/lock_id',
  schedule: '/cluster',
  host: '/cluster',
  launcher: '/cluster',
  port: '/cluster',
  disk: '/cluster',
  unmanaged: '/replace_unmanaged',
};

/** The failed checks as issues of the request that asked; `code` is the name of the check. */
export function preflightIssues(report: PreflightReport): readonly Issue[] {
  return report.checks
    .filter((one) => one.status === 'fail')
    .map((one) => ({ path: PATHS[one.name], code: one.name, message: one.hint === null ? one.detail : `${one.detail} ${one.hint}` }));
}
