import type { Actor, AuditAction } from '../audit/audit-entry.ts';
import type { ClusterKey, HostKey, OperationId } from '../ids.ts';
import type { Operation, OperationKind, OperationPart, Plain } from '../operation/operation.ts';
import type { OperationQuery } from '../ports/operation-store.ts';

/** A line of the work's output; `seq` counts from 1. It holds no secret. */
export type OperationLogLine = Readonly<{ seq: number; host: HostKey | null; at: number; line: string }>;

/** What the work of an operation is given. */
export type OperationContext = Readonly<{
  operation: Operation;
  input: Readonly<Record<string, Plain>>;
  /**
   * What may not be stored, such as a key; empty after a restart of the control plane.
   */
  secrets: Readonly<Record<string, string>>;
  /** True when an earlier process began it: look what is done before doing anything. */
  isResumed: boolean;
  /**
   * Aborts on cancel: end what runs on the hosts, then reject with the signal's reason. Aborts also when the control plane stops
   * ({@link isStopping}): then leave alone what runs there, for the next process to take up. A cancel that the last process did not
   * see through aborts as soon as `run` was called.
   */
  signal: AbortSignal;
  /** Replaces parts by key, or adds them. Stored and told at most twice a second; the last word always is. */
  report(parts: readonly OperationPart[], label?: string): void;
  log(host: HostKey | null, line: string): void;
  /** From here on a cancel is refused: half of it would be worse than all. */
  pointOfNoReturn(): Promise<void>;
}>;

/**
 * Does the work of one kind. Resolves with the result; a SparkError it rejects with becomes the cause. Work that is `resumable` is
 * run again by the next process, and finds what the last one began by the operation's id (a named job on the host); other work
 * ends as failed, INTERRUPTED.
 */
export type OperationWorker = Readonly<{
  resumable: boolean;
  cancellable: boolean;
  run(context: OperationContext): Promise<Readonly<Record<string, Plain>>>;
}>;

export type NewOperation = Readonly<{
  kind: OperationKind;
  subject: string;
  cluster: ClusterKey | null;
  /** What must not run twice at the same time, for example `download:Qwen/Qwen3-8B`; `null`: nothing. */
  exclusive: string | null;
  requestedBy: string;
  reason: string | null;
  input: Readonly<Record<string, Plain>>;
  secrets?: Readonly<Record<string, string>>;
  parts: readonly OperationPart[];
  actor: Actor;
  /** Written with it. */
  audit: Readonly<{ action: AuditAction; note: string | null }>;
}>;

/** Long work and how it goes. */
export interface OperationDesk {
  /** Before `start`: who does the work of a kind. */
  register(kind: OperationKind, worker: OperationWorker): void;
  /** Durable before it resolves. Rejects OPERATION_IN_PROGRESS (`operationId` in the details) when `exclusive` runs already, STORE_UNAVAILABLE. */
  begin(work: NewOperation): Promise<Operation>;
  /** Before what takes a while to find out. Throws OPERATION_IN_PROGRESS as {@link begin} does; `words` say what is wanted. */
  assertFree(exclusive: string, words: string): void;
  /**
   * Does something short that none of `exclusive` may run beside, and holds off what would begin meanwhile; `words` say what is done.
   * Rejects OPERATION_IN_PROGRESS as {@link begin} does, and as `task` does.
   */
  exclusively<T>(exclusive: readonly string[], words: string, task: () => Promise<T>): Promise<T>;
  get(id: OperationId): Promise<Operation | null>;
  list(query: OperationQuery): Promise<readonly Operation[]>;
  /** Those that run and the last few that are over, newest first, from memory. */
  recent(): readonly Operation[];
  /** Rejects OPERATION_NOT_FOUND, OPERATION_SETTLED, NOT_SUPPORTED (past the point of no return, or not cancellable). */
  cancel(id: OperationId, actor: Actor): Promise<Operation>;
  /** The last 2,000 lines at most; empty when it is not known to this process. */
  logTail(id: OperationId): readonly OperationLogLine[];
  /** Resolves when it is over or `signal` aborts, with its state then. */
  settled(id: OperationId, signal: AbortSignal): Promise<Operation>;
  subscribe(listener: (event: OperationEvent) => void): () => void;
  start(): Promise<void>;
  close(): Promise<void>;
}

export type OperationEvent = Readonly<
  { kind: 'operation'; operation: Operation } | { kind: 'operation_log'; id: OperationId; line: OperationLogLine }
>;
