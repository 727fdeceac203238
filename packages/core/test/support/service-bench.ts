import {
  type AuditEntry,
  type ContainerFacts,
  createOperationDesk,
  createServiceDesk,
  type DeepHealth,
  type ModelEndpoint,
  type NewService,
  type Operation,
  type OperationDesk,
  type PatchBackup,
  type PatchBench,
  type PatchContent,
  type PatchState,
  type PatchSurvey,
  type Service,
  type ServiceDesk,
  type ServiceHost,
  type ServiceProbe,
  type ServiceRegistry,
  type ServiceStatus,
  SparkError,
  silentLogger,
} from '../../src/index.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryOperations } from './memory-operations.ts';
import { PlannedCore } from './planned-core.ts';
import { aService } from './service-samples.ts';

export const SOMEBODY = { name: 'anna', address: '127.0.0.1', requestId: 'req_1' };
export const anOrder = (lockId: string | null = null) => ({ lockId, requestedBy: 'anna', reason: 'it hangs', actor: SOMEBODY });

export class FakeProbe implements ServiceProbe {
  readonly asked: string[] = [];
  states: Record<string, ServiceStatus['state']> = {};
  detail = 'It answers.';
  deepStatus: DeepHealth['status'] = 'pass';
  ids: readonly string[] | null = null;
  /** Each deep check waits for this. */
  deepening: () => Promise<void> = async () => undefined;

  async status({ key }: Service): Promise<ServiceStatus> {
    this.asked.push(`status ${key}`);
    return { service: key, state: this.states[key] ?? 'up', detail: this.detail, latencyMs: 3, at: 5 };
  }

  async deep({ key }: Service): Promise<DeepHealth> {
    this.asked.push(`deep ${key}`);
    await this.deepening();
    return { service: key, status: this.deepStatus, detail: 'It did something.', latencyMs: 7, at: 5 };
  }

  async models(): Promise<readonly string[] | null> {
    return this.ids;
  }
}

export class FakeHost implements ServiceHost, PatchBench {
  readonly patches = this;
  readonly calls: string[] = [];
  container = 'c1';
  current: string | null = 'old';
  saved: PatchBackup | null = null;
  used = 1_000;
  restarting: () => Promise<void> = async () => undefined;

  async facts(): Promise<ContainerFacts | null> {
    return {
      ...{ id: this.container, name: 'kokoro-tts', image: 'i', imageId: 'sha256:1', status: 'running', startedAt: 1, restarts: 0 },
      ...{ health: null, memoryLimitBytes: null, memoryUsedBytes: this.used, restartPolicy: null },
    };
  }

  async logs(): Promise<readonly string[]> {
    return ['ready'];
  }

  async restart({ key }: Service): Promise<void> {
    this.calls.push(`restart ${key}`);
    await this.restarting();
  }

  async limitMemory({ key }: Service, bytes: number | null): Promise<number | null> {
    this.calls.push(`limit ${key} ${bytes}`);
    return bytes;
  }

  async inspect(_service: Service, files: readonly PatchContent[]): Promise<PatchSurvey> {
    return { container: this.container, files: this.#states(files) };
  }

  async apply(_service: Service, files: readonly PatchContent[], backup: string): Promise<readonly PatchState[]> {
    this.calls.push(`apply ${backup}`);
    const [first] = files;
    this.saved = {
      ...{ id: backup, container: this.container, isOfThisContainer: true },
      files: [{ name: first?.name ?? '', target: first?.target ?? '', saved: this.current, current: first?.digest ?? null }],
    };
    this.current = first?.digest ?? null;
    return this.#states(files);
  }

  async backup(): Promise<PatchBackup | null> {
    return this.saved;
  }

  async undo(_service: Service, backup: string): Promise<PatchBackup['files']> {
    this.calls.push(`undo ${backup}`);
    const files = this.saved?.files ?? [];
    this.current = files[0]?.saved ?? null;
    this.saved = null;
    return files;
  }

  #states(files: readonly PatchContent[]): readonly PatchState[] {
    return files.map(({ name, target, digest }) => ({ name, target, wanted: digest, current: this.current }));
  }
}

class MemoryRegistry implements ServiceRegistry {
  services: readonly Service[] = [];

  all(): readonly Service[] {
    return this.services;
  }

  async add(service: NewService): Promise<Service> {
    throw new SparkError('READ_ONLY', service.key);
  }
}

/** The desk over fakes, with the real desk of operations. */
export class ServiceBench {
  readonly clock = new FakeClock();
  readonly core = new PlannedCore(this.clock);
  readonly store = new MemoryOperations();
  readonly registry = new MemoryRegistry();
  readonly probe = new FakeProbe();
  readonly host = new FakeHost();
  readonly recorded: AuditEntry[] = [];
  readonly completions: string[] = [];
  completing: () => Promise<void> = async () => undefined;
  contents: readonly PatchContent[] = [];
  readonly operations: OperationDesk;
  readonly desk: ServiceDesk;
  #ids = 0;

  constructor(services: readonly Service[] = [aService({ usesGpu: false })], hasHost = true) {
    const { clock, core, probe, host, registry } = this;
    registry.services = services;
    const ids = { next: (prefix: string) => `${prefix}_${String(++this.#ids).padStart(4, '0')}` };
    const endpoint: ModelEndpoint = {
      health: async () => ({ kind: 'healthy' }),
      models: async () => [{ id: 'theirs', root: null, maxModelLen: null }],
      requestsInFlight: async () => 0,
      completeOneToken: async (_url, name) => {
        this.completions.push(name);
        await this.completing();
      },
    };
    this.operations = createOperationDesk({ store: this.store, clock, ids, logger: silentLogger, isSimulated: false });
    this.desk = createServiceDesk({
      ...{ core, operations: this.operations, registry, probe, endpoint, clock, logger: silentLogger, healthLimitMs: 60_000 },
      host: hasHost ? host : null,
      patchSource: { read: async () => this.contents },
      record: async (entry) => void this.recorded.push(entry),
    });
  }

  /** Lets time pass until the operation is over. */
  async over(operation: Operation): Promise<Operation> {
    return this.clock.drive(this.operations.settled(operation.id, new AbortController().signal));
  }

  async close(): Promise<void> {
    await this.clock.drive(Promise.all([this.desk.close(), this.operations.close()]));
  }
}
