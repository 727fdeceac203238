import {
  createOperationDesk,
  type LogFields,
  type NewOperation,
  type Operation,
  type OperationContext,
  type OperationDesk,
  type OperationEvent,
  type OperationWorker,
  type Plain,
} from '../../src/index.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { MemoryOperations } from './memory-operations.ts';
import { aDownload } from './operation-samples.ts';

type Result = Readonly<Record<string, Plain>>;

/** A piece of work that does what a test says, step by step. */
export class ScriptedWork {
  readonly context: OperationContext;
  readonly done: Promise<Result>;
  #resolve: (result: Result) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(context: OperationContext, isDeaf: boolean) {
    this.context = context;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (isDeaf) return;
    const onAbort = (): void => this.#reject(context.signal.reason);
    context.signal.addEventListener('abort', onAbort, { once: true });
  }

  async succeed(result: Result = {}): Promise<void> {
    this.#resolve(result);
    await settle();
  }

  async fail(error: unknown): Promise<void> {
    this.#reject(error);
    await settle();
  }
}

/** The desk over fakes. `restart()` makes a new one over the same store, as another process would. */
export class OperationBench {
  readonly clock = new FakeClock();
  readonly store = new MemoryOperations();
  readonly errors: (readonly [message: string, fields: LogFields])[] = [];
  readonly told: Operation[] = [];
  readonly lines: string[] = [];
  /** What runs or ran, in the order in which it began. */
  readonly works: ScriptedWork[] = [];
  worker: Pick<OperationWorker, 'resumable' | 'cancellable'> = { resumable: true, cancellable: true };
  /** Work does not hear its signal. */
  isDeaf = false;
  desk: OperationDesk;
  #ids = 0;

  constructor() {
    this.desk = this.#make();
  }

  async begin(over: Partial<NewOperation> = {}): Promise<Readonly<{ operation: Operation; work: ScriptedWork }>> {
    const operation = await this.desk.begin(aDownload(over));
    await settle();
    return { operation, work: this.lastWork };
  }

  get lastWork(): ScriptedWork {
    const work = this.works.at(-1);
    if (work === undefined) throw new Error('nothing has begun');
    return work;
  }

  async restart(): Promise<void> {
    await this.clock.drive(this.desk.close());
    this.desk = this.#make();
    await this.desk.start();
    await settle();
  }

  /** The process dies where it stands. */
  async crash(): Promise<void> {
    this.desk = this.#make();
    await this.desk.start();
    await settle();
  }

  revisions({ id }: Operation): readonly number[] {
    return this.told.filter((operation) => operation.id === id).map(({ revision }) => revision);
  }

  #make(): OperationDesk {
    const ignore = (): void => undefined;
    const error = (message: string, fields: LogFields = {}): void => void this.errors.push([message, fields]);
    const desk = createOperationDesk({
      store: this.store,
      clock: this.clock,
      ids: { next: (prefix) => `${prefix}_${String(++this.#ids).padStart(4, '0')}` },
      logger: { debug: ignore, info: ignore, warn: ignore, error },
      isSimulated: false,
    });
    const run = (context: OperationContext): Promise<Result> => {
      const work = new ScriptedWork(context, this.isDeaf);
      this.works.push(work);
      return work.done;
    };
    desk.register('model_download', { ...this.worker, run });
    desk.subscribe((event: OperationEvent) => {
      if (event.kind === 'operation') this.told.push(event.operation);
      else this.lines.push(`${event.line.seq} ${event.line.line}`);
    });
    return desk;
  }
}
