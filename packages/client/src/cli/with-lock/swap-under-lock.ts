import type { WireGrant } from '@spark-control/schema';
import type { SparkClient } from '../../client.ts';
import type { LeaseKeeper } from '../../lease/lease-keeper.ts';
import { Limit } from '../../limit.ts';
import type { Call, Connection } from '../command.ts';
import { outcomeLines } from '../describe.ts';
import { EXIT, exitCodeOfSwap } from '../exit-codes.ts';
import { Failure, Interrupted } from '../failure.ts';
import { followSwap } from '../follow-swap.ts';

type Surroundings = Pick<Call, 'io' | 'out' | 'interrupts'>;

/** Loads the model under the lease and waits until it serves. @throws {Failure} when it does not; the lease is the caller's to release. */
export async function swapUnderLock(
  connection: Connection,
  grant: WireGrant,
  model: string,
  keeper: LeaseKeeper,
  surroundings: Surroundings,
): Promise<void> {
  const { client } = connection;
  const { io, interrupts } = surroundings;
  // Ends with either: the lost lease, or a signal.
  const limit = new Limit(io.clock, interrupts.signal);
  const onLost = (): void => limit.abort(keeper.lost.reason as Error);
  keeper.lost.addEventListener('abort', onLost, { once: true });
  if (keeper.lost.aborted) onLost();
  let id: string | null = null;
  try {
    const body = { model, cluster: grant.cluster, requested_by: grant.holder, ...(grant.reason !== null && { reason: grant.reason }) };
    const begun = await client.swaps.request(body, { lockId: grant.lock_id, signal: limit.signal });
    id = begun.id;
    // The end of the lease is the only limit: the keeper watches it.
    const options = { signal: limit.signal, timeoutMs: null, maxOutageMs: Number.POSITIVE_INFINITY };
    const swap = begun.settled ? begun : await followSwap(surroundings, connection, begun.id, options);
    const exitCode = exitCodeOfSwap(swap);
    if (exitCode !== EXIT.ok)
      throw new Failure(exitCode, swap.cause?.code ?? 'SWAP_FAILED', outcomeLines(swap).join(' ').replace(/ {2,}/g, ' '));
  } catch (error) {
    if (error instanceof Interrupted && id !== null) await cancelSwap(client, id, surroundings, keeper);
    throw error;
  } finally {
    keeper.lost.removeEventListener('abort', onLost);
    limit.clear();
  }
}

/**
 * A lock cannot be given back while its swap runs, so whoever stops with-lock in the middle of it has the swap cancelled and
 * its end waited for; a second signal leaves both behind.
 */
async function cancelSwap(client: SparkClient, id: string, { out, interrupts }: Surroundings, keeper: LeaseKeeper): Promise<void> {
  out.warn(`cancelling swap ${id}, then releasing the lock; a second signal leaves at once`);
  const signal = interrupts.hardSignal;
  try {
    await client.swaps.cancel(id, { signal });
    while (!keeper.lost.aborted && !(await client.swaps.get(id, { signal, waitSeconds: 20 })).settled);
  } catch {
    // It has settled, or cannot be cancelled; the release will say.
  }
}
