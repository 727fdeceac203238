import { SimulatedNimHost } from '../../../simulator/src/index.ts';
import {
  createNimDesk,
  createOperationDesk,
  type LogFields,
  type Logger,
  lockId,
  type NewService,
  type NimDesk,
  type NimHost,
  type NimRequest,
  type NimSite,
  type Operation,
  type OperationDesk,
  type OperationEvent,
  type OperationId,
  type Service,
} from '../../src/index.ts';
import { SOMEBODY } from './automation-bench.ts';
import { FakeClock } from './fake-clock.ts';
import { leaseOf } from './lock-samples.ts';
import { MemoryOperations } from './memory-operations.ts';
import { PlannedCore } from './planned-core.ts';
import { aService } from './service-samples.ts';

export const CANARY = 'nvapi-canary-0123456789abcdefghijklmnopqrstuvwxyz';
export const NEVER = new AbortController().signal;

export const aRequest = (over: Partial<NimRequest> = {}): NimRequest => ({
  ...{ image: 'lan:5000/nim/good:1', host: null, container: null, port: null, cache: null, shmGib: null, env: {}, key: CANARY },
  ...{ replace: false, register: null, lockId: null, requestedBy: 'anna', reason: null },
  ...over,
});

/** The desk of NIM containers over simulated hosts, in a time that stands still until told. */
export class NimBench {
  readonly clock = new FakeClock();
  readonly core = new PlannedCore(this.clock);
  readonly store = new MemoryOperations();
  readonly hosts = new SimulatedNimHost({ clusters: this.core.clusters, clock: this.clock });
  readonly environment: Record<string, string> = {};
  readonly added: NewService[] = [];
  readonly events: OperationEvent[] = [];
  readonly logs: string[] = [];
  services: Service[] = [aService()];
  /** In place of what the simulated hosts do. */
  over: Partial<NimHost> = {};
  site: Partial<NimSite> = {};
  operations: OperationDesk;
  desk: NimDesk;
  adding: () => Promise<void> = async () => undefined;
  #ids = 0;

  constructor() {
    this.core.locks.renew = async () => ({ kind: 'renewed', lease: leaseOf(1), renewAfterMs: 1 });
    [this.operations, this.desk] = this.#make();
  }

  async install(over: Partial<NimRequest> = {}): Promise<Operation> {
    return this.desk.install(aRequest(over), SOMEBODY, NEVER);
  }

  /** Installs and lets time pass until it is over. */
  async outcome(over: Partial<NimRequest> = {}): Promise<Operation> {
    return this.ended((await this.clock.drive(this.install(over))).id);
  }

  ended(id: OperationId): Promise<Operation> {
    return this.clock.drive(this.operations.settled(id, NEVER));
  }

  /** Ends the process and starts the next, over the same hosts. */
  async restart(): Promise<void> {
    await this.clock.drive(this.operations.close());
    [this.operations, this.desk] = this.#make();
    await this.operations.start();
  }

  lines(id: OperationId): readonly string[] {
    return this.operations.logTail(id).map(({ line }) => line);
  }

  #make(): [OperationDesk, NimDesk] {
    const write =
      (level: string) =>
      (message: string, fields: LogFields = {}) =>
        void this.logs.push(`${level} ${message} ${JSON.stringify(fields)} ${Object.values(fields).map(String).join(' ')}`);
    const logger: Logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
    const { clock, core, store } = this;
    const ids = { next: (prefix: string) => `${prefix}_${String(++this.#ids).padStart(4, '0')}` };
    const operations = createOperationDesk({ store, clock, ids, logger, isSimulated: false });
    operations.subscribe((event) => this.events.push(event));
    const registry = {
      all: () => this.services,
      add: async (service: NewService) => {
        await this.adding();
        this.added.push(service);
        return aService({ key: service.key });
      },
    };
    const secrets = { read: (name: string) => this.environment[name] ?? null };
    return [operations, createNimDesk({ core, operations, nim: this.#nim(), registry, secrets, clock, logger })];
  }

  #nim(): NimHost {
    return new Proxy<NimHost>(this.hosts, {
      get: (hosts, name: keyof NimHost) => {
        const other = this.over[name];
        if (other !== undefined) return other;
        if (name === 'survey')
          return async (...args: Parameters<NimHost['survey']>) => ({ ...(await hosts.survey(...args)), ...this.site });
        return hosts[name].bind(hosts);
      },
    });
  }
}

export const aLockId = lockId('lck_0123456789abcdef0123456789abcdef');
