import type { Logger } from '../ports/logger.ts';
import type { CoreEvent } from './events.ts';

/** Hands events to whoever listens in this process. A listener that throws is logged and does not hurt the others. */
export class Feed {
  readonly #listeners = new Set<(event: CoreEvent) => void>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  subscribe(listener: (event: CoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(event: CoreEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#logger.error('an event listener failed', { kind: event.kind, error });
      }
    }
  }
}
