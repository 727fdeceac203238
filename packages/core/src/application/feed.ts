import type { Logger } from '../ports/logger.ts';
import type { CoreEvent } from './events.ts';

/** Hands events to whoever listens in this process. A listener that throws is logged and does not hurt the others. */
export class Feed<Event extends Readonly<{ kind: string }> = CoreEvent> {
  readonly #listeners = new Set<(event: Event) => void>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  subscribe(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#logger.error('an event listener failed', { kind: event.kind, error });
      }
    }
  }
}
