import type { ClusterView, NumberedNotice, ServedEndpoint } from '@spark-control/core';
import type { WireSwap, WireWebhookPayload } from '@spark-control/schema';
import { runView } from '../automations/view.ts';
import { lockFactsView } from '../locks/view.ts';
import { servingView, swapView } from '../swaps/view.ts';
import { nullableTimestamp, timestamp } from '../wire-time.ts';

const LONGEST_LINE = 200;

/**
 * The body that a notice is sent as. Made of the notice alone, with its own time as "now": every try of a delivery, also
 * after a restart with another configuration, sends the same.
 */
export function payloadOf(notice: NumberedNotice): WireWebhookPayload {
  return { type: notice.type, timestamp: timestamp(notice.at), sequence: notice.sequence, data: dataOf(notice) };
}

function dataOf(notice: NumberedNotice): Record<string, unknown> {
  switch (notice.type) {
    case 'swap_started':
    case 'swap_complete':
    case 'swap_failed':
      return { ...shortened(swapView(notice.swap, null, notice.at)), endpoint: endpointView(notice.endpoint) };
    case 'lock_acquired':
    case 'lock_released':
    case 'lock_expired':
    case 'lock_broken':
      return { cluster: notice.cluster, lock: lockFactsView(notice.lock), by: notice.by, note: notice.note };
    case 'model_changed':
    case 'model_unhealthy':
      return { cluster: notice.cluster, ...observedView(notice.view), endpoint: endpointView(notice.endpoint) };
    case 'automation_failed': {
      const { id, name } = notice.automation;
      return { cluster: notice.cluster, automation: { id, name }, run: runView(notice.run) };
    }
    case 'test':
      return { by: notice.by };
    default:
      return notice satisfies never;
  }
}

/** Standard Webhooks asks for less than 20 kB, and forty long log lines are more; the whole ones are in `GET /api/swap/{id}`. */
function shortened(swap: WireSwap): WireSwap {
  return swap.cause === null ? swap : { ...swap, cause: { ...swap.cause, log_tail: swap.cause.log_tail.map(shortLine) } };
}

function shortLine(line: string): string {
  if (line.length <= LONGEST_LINE) return line;
  // Not through the middle of a character, which JSON could not carry.
  return `${line.slice(0, LONGEST_LINE).replace(/[\ud800-\udbff]$/, '')} [cut]`;
}

const endpointView = (endpoint: ServedEndpoint | null): Record<string, unknown> | null =>
  endpoint && { base_url: endpoint.baseUrl, model_id: endpoint.modelId, max_model_len: endpoint.maxModelLen };

/** What was seen of a cluster, named as `GET /api/clusters` names it, without what its configuration says. */
function observedView(view: ClusterView): Record<string, unknown> {
  return {
    serving: servingView(view.serving),
    state: view.runtime,
    healthy: view.isHealthy,
    since: nullableTimestamp(view.since),
    served_model_name: view.servedModelName,
    max_model_len: view.maxModelLen,
    container: view.container,
    drift: view.drift,
    observed_at: nullableTimestamp(view.observedAt),
    unreachable: view.unreachable.map(({ host, reason }) => ({ host, reason })),
  };
}
