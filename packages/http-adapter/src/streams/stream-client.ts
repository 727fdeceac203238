import type { Response } from 'express';
import { FAREWELL, type Frame, GREETING } from './frame.ts';

/** A reader with that much unread is dropped: memory stays bounded, and it can resume where it stopped. */
export const MAX_UNREAD_BYTES = 1024 * 1024;

/**
 * One reader of a stream. Until {@link goLive} live events wait, so that a snapshot or a replay goes out first; then they
 * follow without a gap. No numbered event and no log line is written twice.
 */
export class StreamClient {
  readonly #response: Response;
  readonly #onDropped: () => void;
  readonly #lastEvent: string | null;
  #waiting: Frame[] | null = [];
  #waitingBytes = 0;
  #lastId = 0;
  readonly #lastSeq = new Map<string, number>();

  /** `lastEvent`: the event with which this stream ends, if it ends. */
  constructor(response: Response, lastEvent: string | null, onDropped: () => void) {
    this.#response = response;
    this.#lastEvent = lastEvent;
    this.#onDropped = onDropped;
  }

  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  /** Sends the headers; from here on the answer is a stream. */
  begin(): void {
    writeStreamHead(this.#response);
    this.#write(GREETING);
  }

  /** A live event: kept back until {@link goLive}. */
  offer(frame: Frame): void {
    if (this.#waiting === null) {
      this.send(frame);
      return;
    }
    this.#waiting.push(frame);
    this.#waitingBytes += frame.bytes.length;
    if (this.#waitingBytes > MAX_UNREAD_BYTES) this.#drop();
  }

  /** Writes now, unless it was written before. */
  send(frame: Frame): void {
    if (frame.id !== null) {
      if (frame.id <= this.#lastId) return;
      this.#lastId = frame.id;
    }
    if (frame.line !== null) {
      if (frame.line.seq <= (this.#lastSeq.get(frame.line.of) ?? 0)) return;
      this.#lastSeq.set(frame.line.of, frame.line.seq);
    }
    this.sendUncounted(frame);
  }

  /**
   * Writes a frame that stands for a state and not for its event. Its id does not count as sent: a live event of that id
   * may still come, when it was journalled but not yet handed out as the state was read.
   */
  sendUncounted(frame: Frame): void {
    this.#write(frame.bytes);
    if (frame.event === this.#lastEvent) this.end();
  }

  /** Writes what waited; later events go straight through. */
  goLive(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const frame of waiting) this.send(frame);
  }

  heartbeat(bytes: Buffer): void {
    if (this.#waiting === null) this.#write(bytes);
  }

  /** Resolves once the reader has taken what was written, or has gone. */
  async drained(): Promise<void> {
    const response = this.#response;
    if (!this.isOpen || !response.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        response.off('drain', done).off('close', done);
        resolve();
      };
      response.on('drain', done).on('close', done);
    });
  }

  end(): void {
    this.#waiting = null;
    if (this.isOpen) this.#response.end();
  }

  /** Ends because the server stops. A reader that does not read would hold it up. */
  farewell(): void {
    if (!this.isOpen) return;
    this.#write(FAREWELL);
    if (this.#response.writableNeedDrain) this.#response.destroy();
    else this.end();
  }

  #write(bytes: Buffer): void {
    if (!this.isOpen) return;
    this.#response.write(bytes);
    if (this.#response.writableLength > MAX_UNREAD_BYTES) this.#drop();
  }

  #drop(): void {
    this.#waiting = null;
    if (!this.isOpen) return;
    this.#onDropped();
    this.#response.destroy();
  }
}

/** Not by Express' own `set`, which would add a charset that the format does not know. */
export function writeStreamHead(response: Response): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' });
}
