import { type Clock, isSparkError, LineSplitter, type LogLine, MAX_LINE_LENGTH, shellQuote } from '@spark-control/core';
import type { ClusterHosts, HostShell } from './cluster-hosts.ts';

const RETRY_MS = 500;

/** `docker logs --timestamps` puts this before each line; nine digits of it make lines of one millisecond comparable. */
const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) ?([\s\S]*)$/;

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
    const log = new StampedLog(sinceMs, (at, line) => report({ host: on.host.key, at, line }));
    while (!signal.aborted) {
      const script = followScript(this.#hosts.cluster.container, log.since);
      try {
        await on.shell.stream(script, (chunk) => log.add(chunk), signal);
      } catch (error) {
        if (!isSparkError(error)) throw error;
      }
      log.reconnect();
      await this.#clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }
}

/** Makes lines of one container's stamped output, which may begin again somewhere before its end. */
class StampedLog {
  readonly #onLine: (at: number, line: string) => void;
  readonly #lines = new LineSplitter();
  #decoder = new TextDecoder();
  #rest = '';
  #last = '';
  /** Newest stamp when the link was lost: what comes again up to it was passed on before. */
  #passedOn = '';
  /** For Docker's `--since`; empty: from the beginning. */
  since: string;

  constructor(sinceMs: number | null, onLine: (at: number, line: string) => void) {
    this.since = sinceMs === null ? '' : new Date(sinceMs).toISOString();
    this.#onLine = onLine;
  }

  add(chunk: Buffer): void {
    const parts = `${this.#rest}${this.#decoder.decode(chunk, { stream: true })}`.split('\n');
    // Docker cuts lines at 16 KiB itself; the bound is for whatever else may come.
    this.#rest = (parts.pop() ?? '').slice(0, 2 * MAX_LINE_LENGTH);
    for (const part of parts) this.#line(part);
  }

  /** What was cut in two by the end of a connection comes whole with the next one. */
  reconnect(): void {
    this.#passedOn = this.#last;
    this.#rest = '';
    this.#decoder = new TextDecoder();
  }

  #line(text: string): void {
    const [, stamp, line = ''] = STAMPED.exec(text) ?? [];
    // A line without a stamp is Docker's own complaint.
    if (stamp === undefined || padded(stamp) <= this.#passedOn) return;
    // Docker stamps the two outputs side by side, so that within one connection a line may be older than the one before it.
    if (padded(stamp) > this.#last) {
      this.#last = padded(stamp);
      this.since = stamp;
    }
    for (const each of this.#lines.push(`${line}\n`)) this.#onLine(Date.parse(stamp), each);
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
