import type { SwapId } from '../ids.ts';
import type { Swap } from '../swap/swap.ts';
import type { SwapEffect } from '../swap/swap-machine.ts';
import type { NumberedLogLine } from './core-api.ts';
import type { CoreDeps } from './core-deps.ts';
import type { Feed } from './feed.ts';
import { KeptMap } from './kept-map.ts';
import { type DriverListener, type StepBase, StepDriver } from './step-driver.ts';

/** Of so many swaps of a cluster the log is kept. */
const KEPT_SWAPS = 20;

type SwapDriversOptions = Readonly<{
  deps: CoreDeps;
  base: StepBase;
  feed: Feed;
  listener: Omit<DriverListener, 'logged'>;
  isUnsettled: (id: SwapId) => boolean;
}>;

/** Has the effects of one cluster's swaps performed, each swap's by a driver of its own, and publishes and keeps what they log. */
export class SwapDrivers {
  readonly #options: SwapDriversOptions;
  readonly #drivers: KeptMap<SwapId, StepDriver>;

  constructor(options: SwapDriversOptions) {
    this.#options = options;
    this.#drivers = new KeptMap(KEPT_SWAPS, options.isUnsettled);
  }

  perform(effect: SwapEffect, swap: Swap): void {
    if (effect.type === 'abort_step') {
      this.#drivers.get(swap.id)?.abort(new Error('cancelled'));
    } else if (effect.type === 'settled') {
      this.#retire(swap.id);
    } else {
      this.#driverOf(swap).perform(effect, swap);
    }
  }

  logTail(id: SwapId): readonly NumberedLogLine[] {
    return this.#drivers.get(id)?.book.lines ?? [];
  }

  /** Stops all steps and waits for them. */
  async close(reason: unknown): Promise<void> {
    await Promise.all(this.#drivers.values().map((driver) => driver.close(reason)));
  }

  #driverOf({ id, cluster, attempt }: Swap): StepDriver {
    const known = this.#drivers.get(id);
    if (known !== undefined) return known;
    const { deps, base, feed, listener } = this.#options;
    const logged: DriverListener['logged'] = (_swap, line) => {
      const { seq, ...rest } = driver.book.add(line);
      feed.publish({ kind: 'log', cluster, swapId: id, seq, line: rest });
    };
    const driver = new StepDriver(deps, base, { ...listener, logged }, attempt);
    this.#drivers.set(id, driver);
    return driver;
  }

  #retire(id: SwapId): void {
    this.#drivers
      .get(id)
      ?.close(new Error('the swap has settled'))
      .catch((error: unknown) => this.#options.deps.logger.error('a swap did not end cleanly', { swap: id, error }));
  }
}
