import type { AppState } from '../../state.ts';
import { serverNow } from '../../state.ts';
import { ago, bytes, instant, plural, span } from '../../view-models/format.ts';
import { type HostView, hostView } from '../../view-models/host.ts';
import { type Mark, mark } from '../../view-models/mark.ts';
import { operationTitle } from '../../view-models/operation-title.ts';
import type { AccessStep, Host, HostTest, Operation, Problem, UpdatePlan } from '../../wire.ts';
import type { ManageState } from '../state.ts';
import { type DiskView, diskViews, type Facts, gpuFacts, hostFacts } from './host-facts.ts';

export type HostRow = Readonly<{
  key: string;
  name: string;
  role: string;
  cluster: string;
  address: string;
  mark: Mark;
  /** Why nothing is known, when nothing is. */
  reason: string | null;
  memory: string;
  gpu: string;
  disk: string;
  uptime: string;
  age: string;
}>;

export type HostsView = Readonly<{ rows: readonly HostRow[]; isLoaded: boolean }>;

export function hostsView(state: AppState): HostsView {
  const now = serverNow(state);
  return { rows: (state.status?.hosts ?? []).map((host) => hostRow(host, now)), isLoaded: state.status !== null };
}

function hostRow(host: Host, now: number): HostRow {
  const view = hostView(host, now);
  return {
    key: host.key,
    name: host.name,
    role: host.role,
    cluster: host.cluster,
    address: host.address,
    mark: view.mark,
    reason: view.reason,
    memory: view.memory?.text ?? '',
    gpu: host.reachable === true ? view.gpuText : '',
    disk: host.reachable === true ? bytes(host.disk_free_bytes) : '',
    uptime: host.reachable !== true || host.uptime_seconds === null ? '' : span(host.uptime_seconds),
    age: view.age,
  };
}

export type StepRow = Readonly<{ name: string; mark: Mark; detail: string; hint: string | null; measured: string | null; took: string }>;

export type PlanRow = Readonly<{ key: string; name: string; change: string; section: string; mark: Mark; note: string }>;

export type PlanView = Readonly<{
  id: string;
  when: string;
  summary: string;
  rows: readonly PlanRow[];
  blockers: readonly string[];
  warnings: readonly string[];
  commands: readonly string[];
  reboot: string;
  isDangerous: boolean;
  isEmpty: boolean;
  hasFirmware: boolean;
}>;

export type HostScreenView = Readonly<{
  key: string;
  host: HostView | null;
  isLoaded: boolean;
  cluster: string;
  facts: Facts;
  /** Of the GPU, beside its use. */
  gpuFacts: Facts;
  disks: readonly DiskView[];
  processes: readonly Readonly<{ pid: number; name: string; memory: string }>[];
  /** Work on this very host that runs now. */
  running: readonly Readonly<{ id: string; title: string }>[];
  test: Readonly<{ rows: readonly StepRow[]; loading: boolean; problem: Problem | null; offer: string | null }>;
  plan: PlanView | null;
  planLoading: boolean;
  planProblem: Problem | null;
}>;

export function hostScreenView(state: AppState, data: ManageState, key: string): HostScreenView {
  const host = state.status?.hosts.find((one) => one.key === key);
  const now = serverNow(state);
  const test = data.hostTest.of === key ? data.hostTest : null;
  const updates = data.updates.of === key ? data.updates : null;
  return {
    key,
    host: host === undefined ? null : hostView(host, now),
    isLoaded: state.status !== null,
    cluster: host?.cluster ?? '',
    facts: host === undefined ? [] : hostFacts(host),
    gpuFacts: host === undefined ? [] : gpuFacts(host),
    disks: host === undefined ? [] : diskViews(host),
    running: (state.status?.operations ?? [])
      .filter(({ kind, subject, settled }) => !settled && subject === key && ON_HOST.includes(kind))
      .map((operation) => ({ id: operation.id, title: operationTitle(operation) })),
    processes: (host?.gpu?.processes ?? []).map(({ pid, name, used_bytes: used }) => ({ pid, name, memory: bytes(used) })),
    test: {
      rows: (test?.value?.steps ?? []).map(stepRow),
      loading: test?.loading ?? false,
      problem: test?.problem ?? null,
      offer: offerOf(test?.value ?? null),
    },
    plan: updates?.value == null ? null : planView(updates.value, now),
    planLoading: updates?.loading ?? false,
    planProblem: updates?.problem ?? null,
  };
}

/** A key that could be trusted: one is shown, and no pin stands against it. */
const offerOf = (test: HostTest | null): string | null => (test === null || test.trusted ? null : test.fingerprint);

const ON_HOST: readonly Operation['kind'][] = ['host_update', 'host_reboot', 'nim_install'];

const STEP_NAMES: Readonly<Record<AccessStep['name'], string>> = {
  resolve: 'Name',
  port: 'SSH port',
  host_key: 'Host key',
  login: 'Login',
  docker: 'Docker',
  launcher: 'Launcher',
  image: 'Image',
  api_port: 'API port',
  time: 'Clock',
};

const STEP_MARKS: Readonly<Record<AccessStep['status'], Mark>> = {
  pass: mark('ok', 'passed'),
  warn: mark('warn', 'warning'),
  fail: mark('bad', 'failed'),
  skip: mark('none', 'not tried'),
};

const stepRow = ({ name, status, detail, hint, measured, duration_ms: ms }: AccessStep): StepRow => ({
  name: STEP_NAMES[name],
  mark: STEP_MARKS[status],
  detail,
  hint,
  measured,
  took: status === 'skip' ? '' : `${Math.round(ms)} ms`,
});

const RISKS: Readonly<Record<UpdatePlan['risk'], Mark>> = {
  none: mark('none', 'no known risk'),
  caution: mark('warn', 'caution'),
  danger: mark('bad', 'danger'),
};

function planView(plan: UpdatePlan, now: number): PlanView {
  const { packages, firmware, reboot, download_bytes: download } = plan;
  const rows: PlanRow[] = [
    ...packages.map((one) => ({
      key: one.name,
      name: one.name,
      change: one.action === 'remove' ? 'removed' : `${one.from ?? 'new'} → ${one.to ?? '?'}`,
      section: one.section,
      mark: RISKS[one.risk],
      note: one.note ?? '',
    })),
    ...(firmware ?? []).map((one) => ({
      key: `firmware ${one.device}`,
      name: one.name,
      change: `${one.from ?? '?'} → ${one.to}`,
      section: 'firmware',
      mark: RISKS[one.risk],
      note: one.note ?? '',
    })),
  ];
  const size = download === null ? '' : `, ${bytes(download)} to download`;
  return {
    id: plan.id,
    when: ago(instant(plan.at), now),
    summary: [plural(packages.length, 'package'), firmware !== null && firmware.length > 0 && plural(firmware.length, 'firmware update')]
      .filter((part) => part !== false)
      .join(', ')
      .concat(size),
    rows: rows.sort(byRisk),
    blockers: plan.blockers,
    warnings: plan.warnings,
    commands: plan.commands,
    reboot: rebootText(reboot),
    isDangerous: plan.risk === 'danger',
    isEmpty: rows.length === 0,
    hasFirmware: (firmware ?? []).length > 0,
  };
}

const WORST_FIRST = ['danger', 'caution', 'no known risk'];
const byRisk = (a: PlanRow, b: PlanRow): number => WORST_FIRST.indexOf(a.mark.word) - WORST_FIRST.indexOf(b.mark.word);

function rebootText({ required_now: now, expected, causes }: UpdatePlan['reboot']): string {
  const why = causes.map((cause) => ` ${cause.replace(/\.?$/, '.')}`).join('');
  if (now) return `A reboot is due already.${why}`;
  return expected ? `It will need a reboot.${why}` : 'No reboot is expected.';
}

export type HostDialogView = Readonly<{
  host: string;
  name: string;
  cluster: string;
  /** What serves there and would be stopped, `null`: nothing. */
  serving: string | null;
  plan: PlanView | null;
  siblings: number;
  request: AppState['request'];
}>;

export function hostDialogView(state: AppState, data: ManageState, key: string): HostDialogView {
  const host = state.status?.hosts.find((one) => one.key === key);
  const cluster = state.status?.clusters.find((one) => one.key === host?.cluster);
  return {
    host: key,
    name: host?.name ?? key,
    cluster: cluster?.name ?? host?.cluster ?? '',
    serving: cluster?.serving ?? null,
    plan: hostScreenView(state, data, key).plan,
    siblings: (cluster?.hosts.length ?? 1) - 1,
    request: state.request,
  };
}
