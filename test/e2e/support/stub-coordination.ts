import type {
  WireAuditEntry,
  WireAutomation,
  WireAutomationRun,
  WireCalendar,
  WireDelivery,
  WireLock,
  WireWebhook,
} from '@spark-control/schema';
import { type Answer, ok, problem } from './stub-answer.ts';

/** What the scripted server knows of locks, plans and webhooks; a test changes it at will. */
export type CoordinationScript = {
  locks: WireLock[];
  calendar: WireCalendar;
  automations: WireAutomation[];
  runs: WireAutomationRun[];
  webhooks: WireWebhook[];
  deliveries: WireDelivery[];
  audit: WireAuditEntry[];
  /** Answers to the lock calls that change something. A promise keeps the request waiting. */
  onAcquire(body: Record<string, unknown>): Answer | Promise<Answer>;
  onRenew(lockId: string): Answer;
  onRelease(lockId: string): Answer;
  onBreak(reason: string): Answer;
  onSaveAutomation(body: Record<string, unknown>, id: string | null): Answer;
  onSaveWebhook(body: Record<string, unknown>, id: string | null): Answer;
  onTest(): Answer;
};

export type Asked = Readonly<{ method: string; url: URL; lockId: string; body: Record<string, unknown> }>;

const list = (items: readonly unknown[]): Answer => ok({ items, next_cursor: null });

/** The answers to what may be asked without a token. `null`: not ours. */
export function readCoordination(script: CoordinationScript, url: URL): Answer | null {
  const [, , name, id, sub] = url.pathname.split('/');
  switch (name) {
    case 'swap':
      if (id !== 'lock') return null;
      return ok(script.locks.find(({ cluster }) => cluster === (url.searchParams.get('cluster') ?? 'default')));
    case 'schedules':
      return ok(script.calendar);
    case 'automations':
      return list(sub === 'runs' ? script.runs : script.automations);
    case 'webhooks':
      return list(sub === 'deliveries' ? script.deliveries : script.webhooks);
    case 'audit': {
      const action = url.searchParams.get('action');
      return list(script.audit.filter((entry) => action === null || entry.action === action));
    }
    default:
      return null;
  }
}

/** The answers to what changes something. `null`: not ours. */
export function changeCoordination(script: CoordinationScript, asked: Asked): Answer | Promise<Answer> | null {
  const [, , name, id] = asked.url.pathname.split('/');
  if (name === 'swap' && id === 'lock') return changeLock(script, asked);
  if (name === 'automations') return changeAutomation(script, asked, id ?? null);
  if (name === 'webhooks') return changeWebhook(script, asked, id ?? null);
  return null;
}

function changeLock(script: CoordinationScript, { method, url, lockId, body }: Asked): Answer | Promise<Answer> {
  if (method === 'POST') return script.onAcquire(body);
  if (method === 'PUT') return script.onRenew(String(body['lock_id']));
  if (url.searchParams.get('force') === 'true') return script.onBreak(url.searchParams.get('reason') ?? '');
  return script.onRelease(lockId);
}

function changeAutomation(script: CoordinationScript, { method, url, body }: Asked, id: string | null): Answer {
  const known = script.automations.find((one) => one.id === id);
  if (id !== null && known === undefined) return problem(404, 'AUTOMATION_NOT_FOUND', `There is no automation ${id}.`);
  if (url.pathname.endsWith('/run')) return ok({ ...script.runs[0], id: 'run_99', outcome: null, settled_at: null }, 202);
  if (method === 'DELETE') {
    script.automations = script.automations.filter((one) => one !== known);
    return { status: 204, body: null };
  }
  const answer = script.onSaveAutomation(body, id);
  if (answer.status < 300) keep(script.automations, answer.body as WireAutomation);
  return answer;
}

function changeWebhook(script: CoordinationScript, { method, url, body }: Asked, id: string | null): Answer {
  if (id === 'deliveries') {
    const delivery = script.deliveries.find((one) => url.pathname.includes(one.id));
    if (delivery === undefined) return problem(404, 'DELIVERY_NOT_FOUND', 'There is no such delivery.');
    keep(script.deliveries, { ...delivery, state: 'pending', next_attempt_at: null });
    return ok(delivery, 202);
  }
  const known = script.webhooks.find((one) => one.id === id);
  if (id !== null && known === undefined) return problem(404, 'WEBHOOK_NOT_FOUND', `There is no webhook ${id}.`);
  if (url.pathname.endsWith('/test')) return script.onTest();
  if (url.pathname.endsWith('/rotate-secret')) return ok({ ...known, secret: 'whsec_rotated' });
  if (method === 'DELETE') {
    script.webhooks = script.webhooks.filter((one) => one !== known);
    return { status: 204, body: null };
  }
  const answer = script.onSaveWebhook(body, id);
  if (answer.status < 300) {
    const { secret: _secret, ...webhook } = answer.body as WireWebhook & { secret?: string };
    keep(script.webhooks, webhook);
  }
  return answer;
}

function keep<T extends { id: string }>(items: T[], item: T): void {
  const at = items.findIndex(({ id }) => id === item.id);
  if (at === -1) items.push(item);
  else items[at] = item;
}
