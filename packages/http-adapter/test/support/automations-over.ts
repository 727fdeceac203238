import {
  type AutomationDesk,
  automationId,
  type Clock,
  CONTROL_PLANE,
  type CronCalendar,
  createAutomationDesk,
  silentLogger,
} from '@spark-control/core';
import { anAutomation } from '../../../core/test/contracts/automation-store.contract.ts';
import { FakeClock } from '../../../core/test/support/fake-clock.ts';
import { MemoryAutomations } from '../../../core/test/support/memory-automations.ts';
import { PlainCalendar } from '../../../core/test/support/plain-calendar.ts';
import type { ScriptedCore } from './scripted-core.ts';

type Parts = Readonly<{ clock?: Clock; store?: MemoryAutomations; calendar?: CronCalendar }>;

/** The real desk of automations in memory, over a scripted core whose model servers are all well. */
export function automationsOver(core: ScriptedCore, parts: Parts = {}): AutomationDesk {
  const { clock = new FakeClock(), store = new MemoryAutomations(), calendar = new PlainCalendar() } = parts;
  let ids = 0;
  return createAutomationDesk({
    ...{ core, clock, store, calendar, logger: silentLogger, vectors: null },
    ids: { next: (prefix) => `${prefix}_${String(++ids).padStart(4, '0')}` },
    endpoint: {
      health: async () => ({ kind: 'healthy' }),
      models: async () => [],
      requestsInFlight: async () => 0,
      completeOneToken: async () => undefined,
    },
    services: {
      keys: () => ['kokoro-tts'],
      gpuOf: () => null,
      restart: async () => undefined,
      health: async () => [{ service: 'kokoro-tts', ok: true, detail: 'It answers.' }],
    },
  });
}

/** One that takes any cron, so that random requests get past it; `swp_1` is there. */
export async function aSmallAutomationDesk(core: ScriptedCore): Promise<AutomationDesk> {
  const store = new MemoryAutomations();
  const known = { ...anAutomation('swp_1'), id: automationId('swp_1') };
  await store.save(known, {
    at: 1,
    actor: CONTROL_PLANE,
    action: 'automation_created',
    cluster: null,
    target: 'x',
    fence: null,
    note: null,
  });
  const desk = automationsOver(core, { store, calendar: { problem: () => null, between: () => [], next: () => null } });
  // What the requests change has to be there again for the next.
  return new Proxy(desk, {
    get: (target, name) => {
      if (name === 'remove') return async (id: string) => void (await target.get(automationId(id)));
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
