import type { AppState } from '../../state.ts';
import { serverNow } from '../../state.ts';
import { ago, bytes, instant } from '../../view-models/format.ts';
import { type Mark, mark } from '../../view-models/mark.ts';
import type { DeepHealth, Endpoint, PatchPlan, Problem, Service, ServiceDetail } from '../../wire.ts';
import type { ManageState, PatchWork } from '../state.ts';
import { type VectorsView, vectorsView } from './vectors.ts';

const KINDS: Readonly<Record<Service['kind'], string>> = {
  vllm: 'vLLM',
  openai: 'OpenAI-compatible',
  asr: 'Speech to text',
  diarizer: 'Diarizer',
  tts: 'Text to speech',
  embeddings: 'Embeddings',
  qdrant: 'Qdrant',
  open_webui: 'Open WebUI',
  http: 'HTTP',
};

const STATES: Readonly<Record<Service['state'], Mark>> = {
  up: mark('ok', 'up'),
  degraded: mark('warn', 'degraded'),
  down: mark('bad', 'down'),
  unknown: mark('unknown', 'unknown'),
};

const DEEP: Readonly<Record<DeepHealth['status'], Mark>> = {
  pass: mark('ok', 'works'),
  fail: mark('bad', 'fails'),
  skip: mark('none', 'not tried'),
};

export type ServiceRow = Readonly<{
  key: string;
  name: string;
  kind: string;
  host: string;
  mark: Mark;
  detail: string;
  latency: string;
  checked: string;
  link: string | null;
  linkText: string;
}>;

export type ServicesView = Readonly<{
  rows: readonly ServiceRow[];
  loading: boolean;
  problem: Problem | null;
  deep: Readonly<{ rows: readonly DeepRow[]; loading: boolean; problem: Problem | null; when: string }>;
  endpoints: readonly EndpointRow[];
}>;

/** Where something answers, to be copied into the settings of a program. */
export type EndpointRow = Readonly<{ key: string; name: string; url: string; model: string; isDisabled: boolean }>;

export type DeepRow = Readonly<{ key: string; name: string; mark: Mark; detail: string; latency: string }>;

export function servicesView(state: AppState, { services, deep, endpoints }: ManageState): ServicesView {
  const now = serverNow(state);
  return {
    rows: (services.value ?? []).map((service) => serviceRow(service, now)),
    loading: services.value === null || services.loading,
    problem: services.problem,
    deep: {
      rows: (deep.value?.items ?? []).map(deepRow),
      loading: deep.loading,
      problem: deep.problem,
      when: ago(instant(deep.value?.at), now),
    },
    endpoints: (endpoints.value ?? []).map(endpointRow),
  };
}

const endpointRow = ({ key, name, kind, url, model, disabled }: Endpoint): EndpointRow => ({
  key,
  name,
  // A model server is spoken to below /v1, as OpenAI's own clients want it.
  url: url === null ? '' : kind === 'vllm' || kind === 'openai' ? `${url.replace(/\/v1\/?$/, '')}/v1` : url,
  model: model ?? '',
  isDisabled: disabled,
});

function serviceRow(service: Service, now: number): ServiceRow {
  const { key, name, kind, host, state, detail, latency_ms: latency, checked_at: at, link, public_url: url } = service;
  return {
    key,
    name,
    // Said once is enough.
    kind: KINDS[kind] === name ? '' : KINDS[kind],
    host: host ?? '',
    mark: STATES[state],
    detail,
    latency: latency === null ? '' : `${Math.round(latency)} ms`,
    checked: ago(instant(at), now),
    link: link ?? url,
    linkText: link === null ? 'Open' : 'Open with the running model',
  };
}

const deepRow = ({ service, name, status, detail, latency_ms: latency }: DeepHealth): DeepRow => ({
  key: service,
  name,
  mark: DEEP[status],
  detail,
  latency: latency === null ? '' : `${Math.round(latency)} ms`,
});

export type ServiceScreenView = Readonly<{
  key: string;
  row: ServiceRow | null;
  isKnown: boolean;
  isMissing: boolean;
  problem: Problem | null;
  facts: readonly (readonly [name: string, value: string])[];
  factsProblem: string | null;
  actions: readonly Service['actions'][number][];
  deep: DeepRow | null;
  /** Of a vector store. */
  vectors: VectorsView | null;
  logs: Readonly<{ text: string | null; loading: boolean; problem: Problem | null }>;
}>;

export function serviceScreenView(state: AppState, data: ManageState, key: string): ServiceScreenView {
  const detail = data.service.of === key ? data.service.value : null;
  const logs = data.serviceLogs.of === key ? data.serviceLogs : null;
  const now = serverNow(state);
  return {
    key,
    row: detail === null ? null : serviceRow(detail, now),
    isMissing: data.service.of === key && data.service.problem?.status === 404,
    isKnown: data.service.of === key && !data.service.loading,
    problem: data.service.of === key ? data.service.problem : null,
    facts: detail === null ? [] : serviceFacts(detail, now),
    factsProblem: detail?.facts_problem ?? null,
    actions: detail?.actions ?? [],
    deep: detail?.deep == null ? null : deepRow(detail.deep),
    vectors: detail?.actions.includes('snapshots') === true ? vectorsView(state, data, key) : null,
    logs: {
      text: logs?.value == null ? null : logs.value.lines.join('\n'),
      loading: logs?.loading ?? false,
      problem: logs?.problem ?? null,
    },
  };
}

function serviceFacts(service: ServiceDetail, now: number): ServiceScreenView['facts'] {
  const { facts, models } = service;
  const cap = facts?.memory_limit_bytes ?? null;
  const all: readonly (readonly [string, string | null])[] = [
    ['Kind', KINDS[service.kind]],
    ['Address', service.base_url],
    ['Host', service.host],
    ['Model', service.model],
    ['Lock', service.lock === null ? 'a restart needs none' : `a restart needs that of ${service.lock}, since it uses the GPU`],
    ['Container', facts?.name ?? service.container],
    ['Image', facts?.image ?? null],
    ['Status', facts === null ? null : [facts.status, facts.health ?? ''].filter((word) => word !== '').join(', ')],
    ['Started', facts?.started_at == null ? null : ago(instant(facts.started_at), now)],
    ['Restarts', facts?.restarts == null ? null : String(facts.restarts)],
    ['Memory', facts?.memory_used_bytes == null ? null : bytes(facts.memory_used_bytes)],
    ['Memory cap', facts === null ? null : capText(cap, service.memory_limit_wanted_bytes)],
    ['Models', models === null ? null : models.join(', ')],
  ];
  return all.flatMap(([name, value]) => (value === null || value === '' ? [] : [[name, value] as const]));
}

function capText(cap: number | null, wanted: number | null): string {
  const is = cap === null ? 'none' : bytes(cap);
  return wanted === null || wanted === cap ? is : `${is}; services.yaml asks for ${bytes(wanted)}`;
}

export type ServiceDialogView = Readonly<{
  service: string;
  name: string;
  container: string;
  lock: string | null;
  capMib: number | null;
  plan: PatchPlan | null;
  planLoading: boolean;
  planProblem: Problem | null;
  what: PatchWork;
  request: AppState['request'];
}>;

export function serviceDialogView(state: AppState, data: ManageState, service: string, what: PatchWork = 'apply'): ServiceDialogView {
  const detail = data.service.of === service ? data.service.value : null;
  const patches = data.patches.of === `${what}/${service}` ? data.patches : null;
  const cap = detail?.facts?.memory_limit_bytes ?? detail?.memory_limit_wanted_bytes ?? null;
  return {
    service,
    name: detail?.name ?? service,
    container: detail?.facts?.name ?? detail?.container ?? service,
    lock: detail?.lock ?? null,
    capMib: cap === null ? null : Math.round(cap / 2 ** 20),
    plan: patches?.value ?? null,
    planLoading: patches?.loading ?? false,
    planProblem: patches?.problem ?? null,
    what,
    request: state.request,
  };
}
