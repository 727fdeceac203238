import type { SwapJournal } from '../ports/swap-journal.ts';
import type { Swap } from '../swap/swap.ts';

/** Of a swap whose length nobody can tell. */
const QUICK_SECONDS = 5;
const UNKNOWN_SECONDS = 30;
const LONGEST_SECONDS = 600;

/** When it is worth asking again while `active` runs, by how long its model took so far. */
export async function busySeconds(active: Swap | null, journal: Pick<SwapJournal, 'loadTimes'>): Promise<number> {
  if (active?.plan == null) return QUICK_SECONDS;
  const [typical] = await journal.loadTimes(active.cluster, active.plan.model, active.simulated);
  if (typical === undefined) return UNKNOWN_SECONDS;
  return Math.min(LONGEST_SECONDS, Math.max(1, Math.ceil(typical * (1 - active.progress.fraction))));
}
