import { findModel } from '../catalog/model.ts';
import { isSparkError } from '../errors.ts';
import { buildPlan } from '../launch/build-plan.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import type { ManagedIdentity } from '../ports/model-runtime.ts';
import type { Previous } from '../swap/swap.ts';
import type { Cluster } from '../topology/cluster.ts';
import type { CoreDeps } from './core-deps.ts';
import type { Reading } from './observe.ts';

/**
 * What a rollback would go back to: the plan that was really started, from the journal of the swap named on the container.
 * Only when this journal does not know it (another controller started it) does the catalog's present entry stand in.
 */
export async function findPrevious(cluster: Cluster, deps: Pick<CoreDeps, 'journal' | 'catalog'>, reading: Reading): Promise<Previous> {
  switch (reading.serving.kind) {
    case 'nothing':
      return { kind: 'nothing' };
    case 'unmanaged':
      return { kind: 'unmanaged', name: reading.container?.name ?? 'a process' };
    case 'unknown':
      return { kind: 'unknown', model: null };
    case 'model': {
      const identity = reading.container?.identity;
      const plan = identity == null ? null : ((await journalledPlan(identity, deps)) ?? catalogPlan(identity, cluster, deps));
      const { model } = reading.serving;
      return plan === null ? { kind: 'unknown', model } : { kind: 'plan', model, plan };
    }
  }
}

async function journalledPlan(identity: ManagedIdentity, deps: Pick<CoreDeps, 'journal'>): Promise<LaunchPlan | null> {
  const swap = await deps.journal.get(identity.swap);
  if (swap === null) return null;
  if (swap.plan?.digest === identity.digest) return swap.plan;
  return swap.previous.kind === 'plan' && swap.previous.plan.digest === identity.digest ? swap.previous.plan : null;
}

function catalogPlan(identity: ManagedIdentity, cluster: Cluster, deps: Pick<CoreDeps, 'catalog'>): LaunchPlan | null {
  const model = findModel(deps.catalog.current(), identity.model);
  if (model === null) return null;
  try {
    return buildPlan(model, cluster);
  } catch (error) {
    if (isSparkError(error)) return null;
    throw error;
  }
}
