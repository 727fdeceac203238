import type { Clock, Ids } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { OperationStore } from '../ports/operation-store.ts';

/** Everything that long work needs from outside. */
export type OperationDeskDeps = Readonly<{
  store: OperationStore;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  isSimulated: boolean;
}>;
