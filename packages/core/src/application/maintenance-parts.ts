import type { OperationPart } from '../operation/operation.ts';
import type { HostTask, MaintenanceInput } from './maintenance-input.ts';
import type { OperationContext } from './operation-api.ts';

/** No host key has a colon. */
const UNLOAD = 'model:unload';
const LOAD = 'model:load';

const EMPTY = { doneBytes: null, totalBytes: null, fraction: null, note: null, status: 'pending' } as const;

/** The parts of the work, in its order: unload, each host, load again. */
export function maintenanceParts({ tasks, previous }: Pick<MaintenanceInput, 'tasks' | 'previous'>): readonly OperationPart[] {
  if (tasks.length === 0) return [];
  const load: readonly OperationPart[] = previous === null ? [] : [{ ...EMPTY, key: LOAD, host: null, label: `load ${previous} again` }];
  return [{ ...EMPTY, key: UNLOAD, host: null, label: `unload ${previous ?? 'what serves'}` }, ...tasks.map(hostPart), ...load];
}

const hostPart = ({ host, name }: HostTask): OperationPart => ({ ...EMPTY, key: host, host, label: name });

export type PartName = HostTask | 'unload' | 'load';

/** Tells how far the parts of one operation are. */
export class MaintenanceReport {
  readonly #context: OperationContext;
  readonly #parts: Map<string, OperationPart>;

  constructor(context: OperationContext, input: MaintenanceInput) {
    this.#context = context;
    const known = new Map(context.operation.parts.map((part) => [part.key, part]));
    this.#parts = new Map(maintenanceParts(input).map((part) => [part.key, known.get(part.key) ?? part]));
  }

  /** Whether an earlier process was done with it. */
  isDone(name: PartName): boolean {
    return this.#parts.get(keyOf(name))?.status === 'done';
  }

  running(name: PartName, note: string, fraction: number | null = null): void {
    const words = typeof name === 'string' ? note : `${name.name}: ${note}`;
    this.#tell(name, { status: 'running', note, fraction }, words);
  }

  done(name: PartName, note: string | null): void {
    this.#tell(name, { status: 'done', note, fraction: 1 });
  }

  failed(name: PartName, note: string): void {
    this.#tell(name, { status: 'failed', note });
  }

  /** Those that have not begun: they will not. */
  skipRest(): void {
    const skipped = [...this.#parts.values()]
      .filter(({ status }) => status === 'pending')
      .map((part) => ({ ...part, status: 'skipped' as const }));
    for (const part of skipped) this.#parts.set(part.key, part);
    if (skipped.length > 0) this.#context.report(skipped);
  }

  /** What goes on before any part has begun. */
  label(words: string): void {
    this.#context.report([], words);
  }

  #tell(name: PartName, change: Partial<OperationPart>, label?: string): void {
    const part = this.#parts.get(keyOf(name));
    if (part === undefined) return;
    const next = { ...part, ...change };
    this.#parts.set(next.key, next);
    this.#context.report([next], label);
  }
}

function keyOf(name: PartName): string {
  if (name === 'unload') return UNLOAD;
  return name === 'load' ? LOAD : name.host;
}
