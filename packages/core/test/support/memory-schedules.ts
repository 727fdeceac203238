import type { AuditEntry, Schedule, ScheduleKey, ScheduleStore } from '../../src/index.ts';
import { MemoryAudit } from './memory-audit.ts';

/** {@link ScheduleStore} in memory. */
export class MemorySchedules implements ScheduleStore {
  readonly audit: MemoryAudit;
  readonly #rows = new Map<ScheduleKey, string>();

  constructor(audit = new MemoryAudit()) {
    this.audit = audit;
  }

  async list(): Promise<readonly Schedule[]> {
    return [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => JSON.parse(row) as Schedule);
  }

  async get(id: ScheduleKey): Promise<Schedule | null> {
    const row = this.#rows.get(id);
    return row === undefined ? null : (JSON.parse(row) as Schedule);
  }

  async save(schedule: Schedule, audit: AuditEntry | null): Promise<void> {
    this.#rows.set(schedule.id, JSON.stringify(schedule));
    if (audit !== null) this.audit.append([audit]);
  }

  async remove(id: ScheduleKey, audit: AuditEntry): Promise<void> {
    this.#rows.delete(id);
    this.audit.append([audit]);
  }
}
