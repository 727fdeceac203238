import type { Clock, CoreEvent, Logger, NumberedEvent, OperationDesk, OperationEvent, SparkCore } from '@spark-control/core';
import type { Response } from 'express';
import { type Frame, HEARTBEAT } from './frame.ts';
import { StreamClient } from './stream-client.ts';

const HEARTBEAT_MS = 15_000;
const REPLAY_PAGE = 500;

/** What streams are made of. Operations and their lines go by unnumbered: their own streams number them by revision. */
export type StreamEvent = CoreEvent | OperationEvent;

/** One open stream and what it wants. */
export type Reader = Readonly<{
  client: StreamClient;
  /** Frames of this event for this reader; none when it does not concern it. */
  framesOf(event: StreamEvent): readonly Frame[] | Promise<readonly Frame[]>;
}>;

/**
 * Hands the events of the core and of operations to all open streams, one after the other and in the order of their numbers. Events are taken as
 * hints: when a number was skipped, those in between are read from the journal, so that no reader misses one.
 */
export class EventHub {
  readonly #core: SparkCore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #readers = new Set<Reader>();
  readonly #unsubscribe: readonly (() => void)[];
  readonly #closing = new AbortController();
  #isBeating = false;
  #work: Promise<void> = Promise.resolve();
  /** Number of the last event handed out; `null` until the first one. */
  #lastId: number | null = null;

  constructor(core: SparkCore, operations: OperationDesk, clock: Clock, logger: Logger) {
    this.#core = core;
    this.#clock = clock;
    this.#logger = logger;
    this.#unsubscribe = [
      core.subscribe((event) => this.#inTurn(() => this.#handle(event))),
      operations.subscribe((event) => this.#inTurn(() => this.#handOut(event))),
    ];
  }

  /** Number of the last event handed out here, `null` before the first. */
  get lastId(): number | null {
    return this.#lastId;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Adds a reader, whose events wait in its client until that goes live; it leaves when its response closes. Returns the
   * number of the last event handed out before: a snapshot read from now on holds everything up to it, and everything later
   * reaches this reader. `null`: none was handed out yet in this process.
   */
  add(reader: Reader, response: Response): number | null {
    this.#readers.add(reader);
    response.once('close', () => this.remove(reader));
    if (!this.#isBeating) void this.#beat();
    return this.#lastId;
  }

  remove(reader: Reader): void {
    this.#readers.delete(reader);
  }

  /** Makes a client, which ends with `lastEvent` and whose loss, when it does not read, is logged. */
  client(response: Response, lastEvent: string | null, requestId: string): StreamClient {
    return new StreamClient(response, lastEvent, () =>
      this.#logger.warn('a stream was dropped: its reader does not read', { request_id: requestId }),
    );
  }

  /** Events above `after` from the journal, in pages. */
  async *replay(after: number, swap?: Parameters<SparkCore['replay']>[2]): AsyncGenerator<NumberedEvent, void, void> {
    let last = after;
    for (;;) {
      const page = await this.#core.replay(last, REPLAY_PAGE, swap);
      yield* page;
      const end = page.at(-1);
      if (end === undefined || page.length < REPLAY_PAGE) return;
      last = end.id;
    }
  }

  /** Ends all streams and takes no new ones for more than a greeting. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const { client } of this.#readers) client.farewell();
    this.#readers.clear();
  }

  async #handle(event: CoreEvent): Promise<void> {
    if (event.id === undefined) return this.#handOut(event);
    if (this.#lastId !== null && event.id <= this.#lastId) return;
    const skipped = this.#lastId !== null && event.id > this.#lastId + 1 && this.#readers.size > 0;
    const events = skipped ? await this.#upTo(event, this.#lastId ?? 0) : [event];
    for (const each of events) {
      await this.#handOut(each);
      this.#lastId = each.id;
    }
  }

  #inTurn(task: () => Promise<void>): void {
    this.#work = this.#work.then(task).catch((error: unknown) => this.#report(error));
  }

  async #upTo(event: NumberedEvent, after: number): Promise<readonly NumberedEvent[]> {
    const events: NumberedEvent[] = [];
    try {
      for await (const each of this.replay(after)) {
        if (each.id >= event.id) break;
        events.push(each);
      }
    } catch (error) {
      this.#report(error);
    }
    return [...events, event];
  }

  async #handOut(event: StreamEvent): Promise<void> {
    // The live set and no copy: who joins while frames are made is still reached, since the number has not moved on yet.
    for (const reader of this.#readers) {
      for (const frame of await reader.framesOf(event)) reader.client.offer(frame);
    }
  }

  /** One timer for all: it runs while somebody reads. */
  async #beat(): Promise<void> {
    this.#isBeating = true;
    try {
      while (this.#readers.size > 0 && !this.closing.aborted) {
        await this.#clock.sleep(HEARTBEAT_MS, this.closing);
        for (const { client } of this.#readers) client.heartbeat(HEARTBEAT);
      }
    } catch (error) {
      if (!this.closing.aborted) this.#report(error);
    } finally {
      this.#isBeating = false;
    }
  }

  #report(error: unknown): void {
    this.#logger.error('an event could not be handed to its readers', { stack: error instanceof Error ? error.stack : String(error) });
  }
}
