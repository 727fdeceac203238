import type { Check, Preflight } from '../wire.ts';
import { bytes, clock, plural } from './format.ts';
import { type Mark, mark } from './mark.ts';

export type CheckView = Readonly<{ key: string; mark: Mark; name: string; detail: string; hint: string | null; measured: string | null }>;

export type PreflightView = Readonly<{
  mark: Mark;
  summary: string;
  /** What wants a look; faults first. */
  checks: readonly CheckView[];
  passed: readonly CheckView[];
  command: string | null;
  launcher: string | null;
  memory: string;
  /** What the sum is made of, and what the figures say to somebody who tunes the flags. */
  memoryFacts: readonly string[];
  estimate: string;
  /** Weights are missing on a host: they can be downloaded first. */
  lacksWeights: boolean;
  /** So is the image, or it differs from host to host. */
  lacksImage: boolean;
  /** Something is served that we did not start: the swap needs an explicit yes. */
  needsReplace: boolean;
}>;

const MARKS: Readonly<Record<Check['status'], Mark>> = {
  pass: mark('ok', 'pass'),
  warn: mark('warn', 'warning'),
  fail: mark('bad', 'fail'),
  unknown: mark('unknown', 'unknown'),
};

/** The server speaks to callers of the API; here the same is a box to tick. */
const HINTS: Readonly<Record<string, string>> = {
  'unmanaged fail': 'Tick "Replace what is not ours", or stop it yourself.',
  'lock warn': 'Tick "Queue it behind the lock", or wait until it is over.',
};

/** What the dialog has a button for. */
const FETCH = /(?:: | \()POST \/api\/models\/[^/ ]+\/(download|pull-image)\)?/;

const offers = (report: Preflight, what: string): boolean => report.checks.some(({ hint }) => FETCH.exec(hint ?? '')?.[1] === what);

/** Faults first: what stops a swap must not hide below what is fine. */
const ORDER: readonly Check['status'][] = ['fail', 'unknown', 'warn'];

/** `hasLock`: the lock that the checks found is that of this tab, which they cannot know. */
export function preflightView(found: Preflight, hasLock = false): PreflightView {
  const report = hasLock ? { ...found, checks: found.checks.map(ownLockCheck) } : found;
  const count = (status: Check['status']): number => report.checks.filter((check) => check.status === status).length;
  return {
    mark: summaryMark(report, count),
    summary: summary(report, count),
    checks: report.checks
      .filter(({ status }) => status !== 'pass')
      .sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status))
      .map(checkView),
    passed: report.checks.filter(({ status }) => status === 'pass').map(checkView),
    command: report.command?.preview ?? null,
    launcher: report.command?.launcher ?? null,
    memory: memoryWords(report.memory),
    memoryFacts: memoryFacts(report.memory),
    lacksWeights: offers(report, 'download'),
    lacksImage: offers(report, 'pull-image'),
    estimate: estimateWords(report.estimate),
    needsReplace: report.checks.some(({ name, status }) => name === 'unmanaged' && status !== 'pass' && status !== 'unknown'),
  };
}

const ownLockCheck = (check: Check): Check =>
  check.name === 'lock' && check.status === 'warn' ? { ...check, status: 'pass', detail: 'it is yours', hint: null } : check;

function checkView({ name, host, status, detail, hint, measured }: Check): CheckView {
  return {
    key: `${name}/${host ?? ''}`,
    mark: MARKS[status],
    name: host === null ? name : `${name} · ${host}`,
    detail,
    hint: HINTS[`${name} ${status}`] ?? hint?.replace(FETCH, '') ?? null,
    measured,
  };
}

type Count = (status: Check['status']) => number;

function summaryMark(report: Preflight, count: Count): Mark {
  if (count('fail') > 0) return MARKS.fail;
  if (!report.ok || count('unknown') > 0) return MARKS.unknown;
  return count('warn') > 0 ? MARKS.warn : MARKS.pass;
}

function summary(report: Preflight, count: Count): string {
  const parts = [
    count('fail') > 0 ? plural(count('fail'), 'check fails', 'checks fail') : null,
    count('unknown') > 0 ? `${count('unknown')} could not be answered` : null,
    count('warn') > 0 ? plural(count('warn'), 'warning') : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? `All ${report.checks.length} checks pass` : parts.join(', ');
}

function memoryWords({ needed_bytes: needed, available_bytes: available, basis }: Preflight['memory']): string {
  if (needed === null && available === null) return 'unknown: the hosts could not be asked';
  if (needed === null) return `need unknown, ${bytes(available)} available`;
  return `needs ${bytes(needed)} (${basis}), ${available === null ? 'availability unknown' : `${bytes(available)} available`}`;
}

const PARTS: Readonly<Record<Preflight['memory']['parts'][number]['name'], string>> = {
  weights: 'weights',
  overhead: 'overhead',
  graphs: 'CUDA graphs',
  kv_cache: 'KV cache for one request',
};

function memoryFacts(memory: Preflight['memory']): readonly string[] {
  const { parts, lowest_utilization: lowest, highest_utilization: highest, longest_context: context, concurrency } = memory;
  const facts = [
    parts.length > 0 && `At least: ${parts.map((part) => `${PARTS[part.name]} ${bytes(part.bytes)}`).join(', ')}.`,
    lowest !== null &&
      `--gpu-memory-utilization: ${lowest} is the lowest that holds it${highest === null ? '' : `, ${highest} the highest that leaves the host its margin`}.`,
    concurrency !== null &&
      `Room for about ${concurrency < 10 ? concurrency.toFixed(1) : Math.floor(concurrency)} requests of the longest context at once.`,
    context !== null && `Longest single request that has room: ${context.toLocaleString('en')} tokens.`,
  ];
  return facts.filter((fact) => fact !== false);
}

function estimateWords({ p50_seconds: p50, p90_seconds: p90, samples }: Preflight['estimate']): string {
  if (p50 === null) return 'unknown: it was never loaded here';
  return `${clock(p50)} usually${p90 === null ? '' : `, ${clock(p90)} at worst`} (${plural(samples, 'load')})`;
}
