import {
  type AuditEntry,
  type Automation,
  type AutomationId,
  type AutomationRun,
  type AutomationStore,
  type Notice,
  type RunQuery,
  SparkError,
} from '../../src/index.ts';

const KEPT_RUNS = 1_000;

/** Values pass through JSON as they do in a real store. */
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** {@link AutomationStore} in memory. */
export class MemoryAutomations implements AutomationStore {
  /** While true, writes reject STORE_UNAVAILABLE and change nothing, as on a full disk. */
  isUnavailable = false;
  /** How many runs have begun, those that are forgotten included. */
  begun = 0;
  readonly audit: AuditEntry[] = [];
  readonly notices: Notice[] = [];
  readonly #automations = new Map<AutomationId, Automation>();
  readonly #evaluated = new Map<AutomationId, number>();
  #runs: AutomationRun[] = [];

  async list(): Promise<readonly Automation[]> {
    return copy([...this.#automations.values()].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)));
  }

  async save(automation: Automation, audit: AuditEntry): Promise<void> {
    this.#write();
    this.#automations.set(automation.id, copy(automation));
    this.audit.push(audit);
  }

  async remove(id: AutomationId, audit: AuditEntry): Promise<void> {
    this.#write();
    this.#automations.delete(id);
    this.#evaluated.delete(id);
    this.#runs = this.#runs.filter(({ automation }) => automation !== id);
    this.audit.push(audit);
  }

  async begin(run: AutomationRun, audit?: AuditEntry): Promise<boolean> {
    this.#write();
    const { automation, scheduledFor } = run;
    if (scheduledFor !== null && this.#runs.some((other) => other.automation === automation && other.scheduledFor === scheduledFor))
      return false;
    this.#runs.push(copy(run));
    this.begun += 1;
    const own = this.#newestFirst(automation);
    const doomed = new Set(own.slice(KEPT_RUNS).filter(({ settledAt }) => settledAt !== null));
    this.#runs = this.#runs.filter((other) => !doomed.has(other));
    if (audit !== undefined) this.audit.push(audit);
    return true;
  }

  async attach(run: AutomationRun): Promise<void> {
    this.#write();
    this.#replace(run);
  }

  async finish(run: AutomationRun, notice: Notice | null): Promise<void> {
    this.#write();
    this.#replace(run);
    if (notice !== null) this.notices.push(copy(notice));
  }

  async runs({ automation, before, limit }: RunQuery): Promise<readonly AutomationRun[]> {
    return copy(
      this.#newestFirst(automation)
        .filter(({ id }) => before === undefined || id < before)
        .slice(0, limit),
    );
  }

  async unsettled(): Promise<readonly AutomationRun[]> {
    return copy(this.#runs.filter(({ settledAt }) => settledAt === null));
  }

  async evaluatedUntil(id: AutomationId): Promise<number | null> {
    return this.#evaluated.get(id) ?? null;
  }

  async setEvaluatedUntil(id: AutomationId, at: number): Promise<void> {
    this.#write();
    if (this.#automations.has(id)) this.#evaluated.set(id, at);
  }

  #newestFirst(automation: AutomationId): AutomationRun[] {
    return this.#runs.filter((run) => run.automation === automation).sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  #replace(run: AutomationRun): void {
    this.#runs = this.#runs.map((other) => (other.id === run.id ? copy(run) : other));
  }

  #write(): void {
    if (this.isUnavailable) throw new SparkError('STORE_UNAVAILABLE', 'The store takes no writes: this is a test of a full disk.');
  }
}
