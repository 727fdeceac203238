import type { ClusterKey } from '../ids.ts';
import type { FenceMark, HostFence } from '../ports/host-fence.ts';
import type { SwapJournal } from '../ports/swap-journal.ts';
import type { CoreDeps } from './core-deps.ts';

/** Room for everything that was granted since the backup and that nobody remembers any more. */
const JUMP = 1_000_000;
const ASK_AGAIN_MS = 10_000;

/**
 * The fence from which a store that was restored from a backup has to go on, `null` for one that was not. It shows on the hosts: a
 * claim there bears our id and a swap that the journal does not have. (A claim of a swap that it has is what a crash leaves.)
 */
async function fenceAfterRestore(mark: FenceMark, controllerId: string, journal: Pick<SwapJournal, 'get'>): Promise<number | null> {
  const ours = mark.seen.flatMap(({ claim }) => (claim?.controller === controllerId ? [claim] : []));
  const unknown = await Promise.all(ours.map(async (claim) => ((await journal.get(claim.swap)) === null ? claim.fence : 0)));
  const highest = Math.max(0, ...unknown);
  return highest === 0 ? null : highest + JUMP;
}

/** Asks the hosts until they have answered once, and has the fence raised when they know more than the store. Ends with `signal`. */
export async function raiseAfterRestore(
  cluster: ClusterKey,
  hosts: Pick<HostFence, 'look'>,
  raise: (fence: number) => Promise<void>,
  { clock, journal, controllerId, logger }: Pick<CoreDeps, 'clock' | 'journal' | 'controllerId' | 'logger'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const fence = await fenceAfterRestore(await hosts.look(signal), controllerId, journal);
      if (fence === null) return;
      await raise(fence);
      logger.warn('the hosts know a swap that this store does not: it seems to be restored from a backup', { cluster, fence });
      return;
    } catch {
      await clock.sleep(ASK_AGAIN_MS, signal).catch(() => undefined); // a host is away, or the disk is full
    }
  }
}
