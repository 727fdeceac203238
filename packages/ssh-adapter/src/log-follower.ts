import { type Clock, isSparkError, type LogLine, shellQuote } from '@spark-control/core';
import type { ClusterHosts, HostShell } from './cluster-hosts.ts';
import { LineSplitter } from './line-splitter.ts';

const RETRY_MS = 500;

/** `docker logs --timestamps` puts this before each line; nine digits of it make lines of one millisecond comparable. */
const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) ?(.*)$/;

/** Follows the output of the cluster's container on every host, over lost links and over one container giving way to the next. */
export class LogFollower {
  readonly #hosts: ClusterHosts;
  readonly #clock: Clock;

  constructor(hosts: ClusterHosts, clock: Clock) {
    this.#hosts = hosts;
    this.#clock = clock;
  }

  async follow(sinceMs: number | null, report: (line: LogLine) => void, signal: AbortSignal): Promise<void> {
    await Promise.all(this.#hosts.all.map((on) => this.#followHost(on, sinceMs, report, signal)));
  }

  async #followHost(on: HostShell, sinceMs: number | null, report: (line: LogLine) => void, signal: AbortSignal): Promise<void> {
    let since = sinceMs === null ? '' : new Date(sinceMs).toISOString();
    let last = '';
    const onLine = (text: string): void => {
      const [, stamp, line = ''] = STAMPED.exec(text) ?? [];
      // A line without a stamp is Docker's own complaint; one not newer was passed on before the link was lost.
      if (stamp === undefined || padded(stamp) <= last) return;
      last = padded(stamp);
      since = stamp;
      for (const part of line.split('\r')) if (part.trim() !== '') report({ host: on.host.key, at: Date.parse(stamp), line: part });
    };
    while (!signal.aborted) {
      const lines = new LineSplitter(onLine, '\n');
      const decoder = new TextDecoder();
      try {
        await on.shell.stream(
          followScript(this.#hosts.cluster.container, since),
          (chunk) => lines.add(decoder.decode(chunk, { stream: true })),
          signal,
        );
      } catch (error) {
        if (!isSparkError(error)) throw error;
      }
      lines.end();
      await this.#clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }
}

/** The part after the second has up to nine digits without trailing zeros: filled up, text order is time order. */
function padded(stamp: string): string {
  const [second = '', fraction = ''] = stamp.replace('Z', '').split('.');
  return `${second}.${fraction.padEnd(9, '0')}`;
}

/** Waits on the host for the container to appear: asking again over the network would cost a round trip each time. */
function followScript(container: string, since: string): string {
  const name = shellQuote(container);
  return `spark_n=0
until timeout 10 docker inspect --type container ${name} >/dev/null 2>&1 </dev/null; do
  spark_n=$((spark_n + 1))
  [ "$spark_n" -lt 60 ] || exit 0
  sleep 0.5
done
exec docker logs --follow --timestamps ${since === '' ? '' : `--since ${shellQuote(since)} `}${name} 2>&1`;
}
