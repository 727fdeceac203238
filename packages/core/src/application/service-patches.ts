import { SparkError } from '../errors.ts';
import { digestOf } from '../launch/digest.ts';
import type { PatchContent } from '../ports/service-host.ts';
import type { Service } from '../service/service.ts';
import type { PatchPlan } from './service-api.ts';
import type { ServiceDeskDeps } from './service-deps.ts';
import { hostOf } from './service-revival.ts';

type PlanFile = PatchPlan['files'][number];

/** A plan, and the content it would write. */
export type PreparedPatch = Readonly<{ plan: PatchPlan; contents: readonly PatchContent[] }>;

/** Looks what a patch or its undo would change. Changes nothing. */
export function preparePatch(
  deps: ServiceDeskDeps,
  service: Service,
  action: PatchPlan['action'],
  signal: AbortSignal,
): Promise<PreparedPatch> {
  return action === 'apply' ? prepareApply(deps, service, signal) : prepareUndo(deps, service, signal);
}

async function prepareApply(deps: ServiceDeskDeps, service: Service, signal: AbortSignal): Promise<PreparedPatch> {
  if (service.patches.length === 0) {
    throw new SparkError('NOT_SUPPORTED', `${service.name} has no patches: name them with "patches" in services.yaml.`);
  }
  const { patches } = hostOf(deps, service);
  const contents = await deps.patchSource.read(service);
  const survey = await patches.inspect(service, contents, signal);
  const files = survey.files.map(({ name, target, wanted, current }): PlanFile => {
    const change = current === null ? 'add' : current === wanted ? 'none' : 'replace';
    return { name, target, wanted, current, change };
  });
  const blockers = files.every(({ change }) => change === 'none') ? ['Every file is as it should be already.'] : [];
  return { plan: planOf(deps, service, { action: 'apply', container: survey.container, backup: null, files, blockers }), contents };
}

async function prepareUndo(deps: ServiceDeskDeps, service: Service, signal: AbortSignal): Promise<PreparedPatch> {
  const backup = await hostOf(deps, service).patches.backup(service, signal);
  if (backup === null)
    throw new SparkError('NOT_SUPPORTED', `${service.name} has no backup of patched files, so there is nothing to undo.`);
  const files = backup.files.map(({ name, target, saved, current }): PlanFile => {
    const change = current === saved ? 'none' : saved === null ? 'remove' : current === null ? 'add' : 'replace';
    return { name, target, wanted: saved, current, change };
  });
  const blockers = backup.isOfThisContainer ? [] : ['The container was made anew since it was patched: there is nothing to undo.'];
  return { plan: planOf(deps, service, { action: 'undo', container: backup.container, backup: backup.id, files, blockers }), contents: [] };
}

function planOf({ clock }: ServiceDeskDeps, { key }: Service, facts: Omit<PatchPlan, 'id' | 'service' | 'at'>): PatchPlan {
  const { action, container, backup, files } = facts;
  const states = files.map(({ name, target, wanted, current }) => [name, target, wanted, current]);
  return { id: digestOf([action, key, container, backup, states]), service: key, at: clock.now(), ...facts };
}

/** @throws {SparkError} STALE_REVISION, or NOT_SUPPORTED while something is in the way. */
export function assertConfirmed(plan: PatchPlan, confirm: string): void {
  if (plan.id !== confirm) {
    throw new SparkError(
      'STALE_REVISION',
      'The files, the container or the patches are not those of the plan any more. Ask for a new plan.',
    );
  }
  const [blocker] = plan.blockers;
  if (blocker !== undefined) throw new SparkError('NOT_SUPPORTED', blocker);
}
