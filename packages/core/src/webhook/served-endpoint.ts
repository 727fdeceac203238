import type { ClusterView } from '../application/cluster-view.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import type { Swap } from '../swap/swap.ts';
import { type Cluster, endpointOf } from '../topology/cluster.ts';
import type { ServedEndpoint } from './notice.ts';

/** Where the model of an observed view is to be had; `null` when none serves or its name is not known. */
export function viewEndpoint(cluster: Cluster, view: ClusterView): ServedEndpoint | null {
  if (view.serving.kind !== 'model' || view.servedModelName === null) return null;
  return { baseUrl: `${endpointOf(cluster)}/v1`, modelId: view.servedModelName, maxModelLen: view.maxModelLen };
}

/**
 * Where the model that a settled swap left is to be had; `null` when it left none, or is not settled. It goes by the plan: the
 * watch may not have looked since. The length is what the server said where it has been asked, else what it was told.
 */
export function swapEndpoint(cluster: Cluster, swap: Swap, view: ClusterView): ServedEndpoint | null {
  const plan = servedPlan(swap);
  if (plan === null) return null;
  const loaded = plan === swap.plan ? swap.maxModelLen : null;
  const seen = view.servedModelName === plan.servedModelName ? view.maxModelLen : null;
  return { baseUrl: `${endpointOf(cluster)}/v1`, modelId: plan.servedModelName, maxModelLen: loaded ?? seen ?? plannedLength(plan) };
}

function servedPlan({ plan, previous, serving }: Swap): LaunchPlan | null {
  if (serving?.kind !== 'model') return null;
  if (plan?.model === serving.model) return plan;
  return previous.kind === 'plan' && previous.model === serving.model ? previous.plan : null;
}

/** vLLM also takes `32k` and `auto` here: what it makes of those it has to say itself. */
function plannedLength({ args }: LaunchPlan): number | null {
  const at = args.findIndex((arg) => arg === '--max-model-len' || arg.startsWith('--max-model-len='));
  const text = args[at]?.split('=')[1] ?? args[at + 1] ?? '';
  return at >= 0 && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
