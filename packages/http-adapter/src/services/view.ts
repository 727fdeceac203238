import type { DeepItem, DeepReport, EndpointView, PatchPlan, ServiceDetails, ServiceView } from '@spark-control/core';
import type {
  WireContainerFacts,
  WireDeepHealth,
  WireDeepHealthReport,
  WireEndpoint,
  WirePatchPlan,
  WireService,
  WireServiceDetail,
} from '@spark-control/schema';
import { nullableTimestamp, timestamp } from '../wire-time.ts';

export function serviceView({ service, host, baseUrl, lock, status, link, actions }: ServiceView): WireService {
  return {
    key: service.key,
    name: service.name,
    kind: service.kind,
    host,
    lock,
    base_url: baseUrl,
    public_url: service.publicUrl,
    model: service.model,
    container: service.container,
    state: status.state,
    detail: status.detail,
    latency_ms: status.latencyMs,
    checked_at: status.at === 0 ? null : timestamp(status.at),
    link,
    source: service.origin,
    actions: [...actions],
  };
}

export function serviceDetailView(details: ServiceDetails): WireServiceDetail {
  return {
    ...serviceView(details),
    facts: details.facts === null ? null : factsView(details.facts),
    facts_problem: details.factsProblem,
    memory_limit_wanted_bytes: details.service.memoryLimitBytes,
    deep: details.deep === null ? null : deepView(details.deep),
    models: details.models === null ? null : [...details.models],
  };
}

const factsView = (facts: NonNullable<ServiceDetails['facts']>): WireContainerFacts => ({
  id: facts.id,
  name: facts.name,
  image: facts.image,
  image_id: facts.imageId,
  status: facts.status,
  started_at: nullableTimestamp(facts.startedAt),
  restarts: facts.restarts,
  health: facts.health,
  memory_limit_bytes: facts.memoryLimitBytes,
  memory_used_bytes: facts.memoryUsedBytes,
  restart_policy: facts.restartPolicy,
});

const deepView = ({ service, name, kind, status, detail, latencyMs, at }: DeepItem): WireDeepHealth => ({
  ...{ service, name, kind, status, detail },
  latency_ms: latencyMs,
  at: timestamp(at),
});

export const deepReportView = ({ ok, at, items }: DeepReport): WireDeepHealthReport => ({
  ok,
  at: timestamp(at),
  items: items.map(deepView),
});

export const patchPlanView = ({ id, service, container, at, action, files, blockers }: PatchPlan): WirePatchPlan => ({
  ...{ id, service, container, at: timestamp(at), action },
  files: files.map(({ name, target, wanted, current, change }) => ({
    ...{ name, target, wanted_sha256: wanted, current_sha256: current, change },
  })),
  restart: true,
  blockers: [...blockers],
});

export const endpointView = ({ key, name, kind, url, healthUrl, model, cluster, disabled }: EndpointView): WireEndpoint => ({
  ...{ key, name, kind, url, health_url: healthUrl, model, cluster, disabled },
});
