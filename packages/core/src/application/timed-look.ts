import type { HostKey } from '../ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Cluster } from '../topology/cluster.ts';
import { linkedAbort } from './linked-abort.ts';

type Unreachable = Readonly<{ host: HostKey; reachable: false; code: string; reason: string }>;

export type TimedLook = Readonly<{
  /** Aborts when the time is over, or with `closing`. */
  signal: AbortSignal;
  /** What `look` says, or that no host could be asked, when the time was over first: a look that came to nothing is *unknown*. */
  orUnreachable<T>(look: (signal: AbortSignal) => Promise<readonly T[]>): Promise<readonly (T | Unreachable)[]>;
  /** To be called when the look is over. */
  done: () => void;
}>;

/** Gives the looks at one cluster a limit over all. */
export function timedLook(cluster: Cluster, clock: Clock, limitMs: number, closing = new AbortController().signal): TimedLook {
  const linked = linkedAbort(closing);
  const timer = new AbortController();
  const late = new Error('the look took too long');
  clock.sleep(limitMs, timer.signal).then(
    () => linked.abort(late),
    () => undefined,
  );
  const reason = `The hosts of ${cluster.key} did not all answer within ${limitMs / 1_000} s.`;
  return {
    signal: linked.signal,
    async orUnreachable(look) {
      try {
        return await look(linked.signal);
      } catch (error) {
        if (linked.signal.reason !== late) throw error;
        return cluster.hosts.map(({ key }) => ({ host: key, reachable: false, code: 'HOST_UNREACHABLE', reason }));
      }
    },
    done: () => {
      timer.abort(new Error('done'));
      linked.release();
    },
  };
}
