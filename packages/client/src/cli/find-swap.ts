import type { Connection } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';

/** The swap that a command without an id means: the one that runs, of the only cluster or the one that is set. @throws {Failure} */
export async function findSwap({ client, settings }: Connection, signal: AbortSignal, orLast = false): Promise<string> {
  const { clusters, swaps } = await client.status({ signal });
  const own = clusters.filter(({ key }) => settings.cluster === null || key === settings.cluster);
  const active = own.flatMap(({ active_swap, queued }) => (active_swap === null ? queued.slice(0, 1) : [active_swap]));
  const [only, another] = active;
  if (another !== undefined)
    throw new Failure(EXIT.usage, 'USAGE', `several swaps run: ${active.join(', ')}; name one, or the cluster by --cluster`);
  if (only !== undefined) return only;
  const last = swaps.find(({ cluster }) => own.some(({ key }) => key === cluster));
  if (orLast && last !== undefined) return last.id;
  throw new Failure(EXIT.notFound, 'SWAP_NOT_FOUND', 'no swap runs');
}
