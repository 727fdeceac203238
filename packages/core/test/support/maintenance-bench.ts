import {
  type CoreDeps,
  createCore,
  createMaintenanceDesk,
  createOperationDesk,
  DEFAULT_DEADLINES,
  hostKey,
  type MaintenanceDesk,
  modelKey,
  type Operation,
  type OperationDesk,
  type OperationId,
  type OperationLogLine,
  type RebootRequest,
  type SideService,
  type SparkCore,
  silentLogger,
  type UpdateRequest,
} from '../../src/index.ts';
import { aCluster, aModel, someOptions } from './builders.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeCluster } from './fake-cluster.ts';
import { type Life, whileAlive } from './fake-core.ts';
import { FakeMaintenance } from './fake-maintenance.ts';
import { FakeTokens } from './fake-tokens.ts';
import { MemoryJournal } from './memory-journal.ts';
import { MemoryOperations } from './memory-operations.ts';

export const ANNA = { name: 'anna', address: '127.0.0.1', requestId: 'req_1' };

/** The real core, lock, operations and maintenance desk over two fake hosts. `crash()` makes new ones over the same stores and hosts. */
export class MaintenanceBench {
  readonly clock = new FakeClock();
  readonly cluster = aCluster();
  readonly hosts = new FakeCluster(this.cluster, this.clock);
  readonly maintenance = new FakeMaintenance(this.clock, this.hosts, ['spark1', 'spark2']);
  readonly journal = new MemoryJournal();
  readonly store = new MemoryOperations();
  readonly lines: OperationLogLine[] = [];
  readonly told: Operation[] = [];
  services: Record<string, readonly SideService[]> = {};
  /** Called at every named point of a swap. */
  failpoint: ((name: string) => void) | null = null;
  core!: SparkCore;
  operations!: OperationDesk;
  desk!: MaintenanceDesk;
  #life: Life = { isDead: false };
  #lives = 0;
  #ids = 0;

  async start(model: string | null = 'gemma'): Promise<this> {
    await this.#live();
    if (model !== null) await this.load(model);
    return this;
  }

  async load(model: string): Promise<void> {
    const options = someOptions();
    const request = {
      cluster: this.cluster.key,
      model: modelKey(model),
      requestedBy: 'tester',
      reason: null,
      options,
      lockId: null,
    } as const;
    const decision = await this.clock.drive(this.core.requestSwap({ ...request, onBusy: 'queue' }));
    if (decision.kind !== 'started') throw new Error(decision.kind);
    await this.clock.until(async () => (await this.core.swap(decision.swap.id))?.settledAt != null);
  }

  /** What serves, as the hosts know it. */
  get served(): string | null {
    return this.hosts.serving()?.plan?.model ?? null;
  }

  async request(over: Partial<UpdateRequest> = {}): Promise<UpdateRequest> {
    const host = over.host ?? hostKey('spark1');
    const plan = over.plan ?? (await this.clock.drive(this.desk.plan(host))).id;
    const options = { scope: 'cluster', reboot: 'if_required', firmware: false, acceptDanger: false } as const;
    return { ...options, ...rebootOf(host), ...over, host, plan };
  }

  async update(over: Partial<UpdateRequest> = {}): Promise<Operation> {
    return await this.clock.drive(this.desk.update(await this.request(over), ANNA));
  }

  async reboot(host: string, over: Partial<RebootRequest> = {}): Promise<Operation> {
    return await this.clock.drive(this.desk.reboot({ ...rebootOf(hostKey(host)), ...over }, ANNA));
  }

  /** The operation once it is over. */
  async over({ id }: Pick<Operation, 'id'>): Promise<Operation> {
    await this.clock.until(async () => (await this.find(id))?.settledAt !== null, 4 * 3_600_000);
    return (await this.find(id)) as Operation;
  }

  async find(id: OperationId): Promise<Operation | null> {
    return await this.store.get(id);
  }

  /** Kills the process there and then: nothing it still calls ever answers. */
  kill(): void {
    this.#life.isDead = true;
  }

  get isKilled(): boolean {
    return this.#life.isDead;
  }

  /** Another process over the same stores and hosts. */
  async revive(): Promise<void> {
    this.kill();
    await this.#live();
  }

  async stop(): Promise<void> {
    await this.clock.drive(this.operations.close());
    await this.clock.drive(this.core.close());
  }

  async #live(): Promise<void> {
    const life: Life = { isDead: false };
    this.#life = life;
    this.#lives += 1;
    const { clock, cluster } = this;
    const hosts = whileAlive(this.hosts, life);
    const journal = whileAlive(this.journal, life);
    const ids = { next: (prefix: string) => `${prefix}_${String(++this.#ids).padStart(4, '0')}` };
    const deps: CoreDeps = {
      clusters: [{ cluster, ports: { runtime: hosts, fence: hosts, probe: hosts } }],
      catalog: { current: () => ({ revision: 1, models: ['gemma', 'qwen'].map((key) => aModel(key)), fault: null }) },
      ...{ journal, events: journal, fences: journal, leases: journal, endpoint: hosts, clock, ids, logger: silentLogger },
      tokens: new FakeTokens(`${this.#lives}-`),
      secrets: { read: () => null },
      ...{ controllerId: 'ctl_1', isSimulated: false, deadlines: DEFAULT_DEADLINES, storeHealth: async () => ({ ok: true, detail: '' }) },
      failpoint: (name) => {
        if (!life.isDead) this.failpoint?.(name);
      },
    };
    const core = createCore(deps);
    const operations = createOperationDesk({
      ...{ store: whileAlive(this.store, life), clock, ids, logger: silentLogger, isSimulated: false },
    });
    operations.subscribe((event) => {
      if (event.kind === 'operation') this.told.push(event.operation);
      else this.lines.push(event.line);
    });
    const sideServices = async (host: string): Promise<readonly SideService[]> => this.services[host] ?? [];
    const maintenance = whileAlive(this.maintenance, life);
    const tools = { clock, logger: silentLogger, controllerId: 'ctl_1' };
    this.desk = createMaintenanceDesk({ core, operations, maintenance, sideServices, fenceOf: () => hosts, ...tools });
    this.core = core;
    this.operations = operations;
    await clock.drive(core.start());
    await clock.drive(operations.start());
  }
}

const rebootOf = (host: RebootRequest['host']): RebootRequest => ({
  ...{ host, drainSeconds: 5, lockId: null, restoreModel: true, requestedBy: 'anna', reason: null },
});
