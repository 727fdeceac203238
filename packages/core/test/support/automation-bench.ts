import {
  type Actor,
  type AutomationDesk,
  type AutomationRun,
  type AutomationStatus,
  clusterKey,
  createAutomationDesk,
  type EndpointHealth,
  type ModelEndpoint,
  modelKey,
  type NewAutomation,
  type ServiceControl,
  type ServiceHealth,
  silentLogger,
  type VectorStore,
} from '../../src/index.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { MemoryAutomations } from './memory-automations.ts';

import { PlannedCore } from './planned-core.ts';
import { StepCalendar } from './step-calendar.ts';

export const SOMEBODY: Actor = { name: 'anna', address: '127.0.0.1', requestId: 'req_1' };
/** A Tuesday, at midnight in UTC. */
export const MIDNIGHT = Date.UTC(2026, 1, 3);

export const toSwap = (over: Partial<NewAutomation> = {}): NewAutomation => ({
  name: 'nightly',
  cron: 'every 86400 s',
  timezone: 'UTC',
  enabled: true,
  missed: 'skip',
  lockWaitMs: 600_000,
  action: { type: 'swap', cluster: clusterKey('default'), model: modelKey('qwen') },
  ...over,
});

export class FakeServices implements ServiceControl {
  readonly restarts: string[] = [];
  gpu: ReturnType<typeof clusterKey> | null = null;
  entries: readonly ServiceHealth[] = [{ service: 'kokoro-tts', ok: true, detail: 'It answers.' }];
  restarting: () => Promise<void> = async () => undefined;

  keys(): readonly string[] {
    return this.entries.map(({ service }) => service);
  }

  gpuOf(): ReturnType<typeof clusterKey> | null {
    return this.gpu;
  }

  async restart(service: string): Promise<void> {
    this.restarts.push(service);
    await this.restarting();
  }

  async health(): Promise<readonly ServiceHealth[]> {
    return this.entries;
  }
}

/** The desk over fakes. `restart()` makes a new one over the same store and core, as another process would. */
export class AutomationBench {
  readonly clock: FakeClock;
  readonly core: PlannedCore;
  readonly store = new MemoryAutomations();
  readonly services = new FakeServices();
  readonly completions: string[] = [];
  health: EndpointHealth = { kind: 'healthy' };
  completing: () => Promise<void> = async () => undefined;
  /** As of the next restart. */
  vectors: VectorStore | null = null;
  desk: AutomationDesk;
  readonly #tickMs: number;
  #ids = 0;

  constructor({ startsAt = MIDNIGHT, tickMs = 1_000 } = {}) {
    this.#tickMs = tickMs;
    this.clock = new FakeClock(startsAt);
    this.core = new PlannedCore(this.clock);
    this.desk = this.#make();
  }

  async create(over: Partial<NewAutomation> = {}): Promise<AutomationStatus> {
    return this.desk.create(toSwap(over), SOMEBODY);
  }

  async start(): Promise<void> {
    await this.desk.start();
    await this.clock.advance(0);
  }

  /** Ends the process and starts the next; in between the wall clock moves by `awayMs`. */
  async restart(awayMs = 0): Promise<void> {
    await this.desk.close();
    this.clock.jump(awayMs);
    this.desk = this.#make();
    await this.start();
  }

  /** The process dies where it stands, in the middle of what it waits for; the next has not begun. Let no time pass after it. */
  abandon(): void {
    this.desk = this.#make();
  }

  /** An event loop that stands still: the clock goes on, and the tick comes late. */
  async stall(ms: number): Promise<void> {
    this.clock.jump(ms);
    await this.clock.advance(1_000);
  }

  /** Runs of an automation, oldest first. */
  async runs({ id }: Pick<AutomationStatus, 'id'>): Promise<readonly AutomationRun[]> {
    await settle();
    return [...(await this.store.runs({ automation: id, limit: 100_000 }))].reverse();
  }

  async onlyRun(automation: Pick<AutomationStatus, 'id'>): Promise<AutomationRun> {
    const [run, ...more] = await this.runs(automation);
    if (run === undefined || more.length > 0) throw new Error(`${more.length + (run === undefined ? 0 : 1)} runs`);
    return run;
  }

  /** Runs it by hand and waits for its end. */
  async outcome(over: Partial<NewAutomation>): Promise<AutomationRun> {
    const automation = await this.create(over);
    await this.desk.run(automation.id, SOMEBODY);
    return this.onlyRun(automation);
  }

  #make(): AutomationDesk {
    const { clock, core, store, services } = this;
    const endpoint: ModelEndpoint = {
      health: async () => this.health,
      models: async () => [],
      requestsInFlight: async () => 0,
      completeOneToken: async (_url, name) => {
        this.completions.push(name);
        await this.completing();
      },
    };
    const ids = { next: (prefix: string) => `${prefix}_${String(++this.#ids).padStart(6, '0')}` };
    const calendar = new StepCalendar();
    return createAutomationDesk({
      ...{ core, store, calendar, endpoint, services, vectors: this.vectors, clock, ids, logger: silentLogger, tickMs: this.#tickMs },
    });
  }
}
