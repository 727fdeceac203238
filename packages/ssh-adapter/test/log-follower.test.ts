import type { LogLine } from '@spark-control/core';
import { expect } from 'chai';
import { aCluster } from '../../core/test/support/builders.ts';
import { FakeClock } from '../../core/test/support/fake-clock.ts';
import { ClusterHosts } from '../src/cluster-hosts.ts';
import { LogFollower } from '../src/log-follower.ts';
import type { RemoteShell } from '../src/remote-shell.ts';

const CLUSTER = aCluster({ launcher: 'docker_run' });
const stamped = (nanos: number, text: string): string => `2026-09-20T10:00:00.${String(nanos).padStart(9, '0')}Z ${text}\n`;

/** The head's log as it comes over one connection after the other; the scripts that asked for it are kept. */
async function followed(connections: readonly string[]): Promise<{ lines: string[]; scripts: string[] }> {
  const clock = new FakeClock();
  const over = new AbortController();
  const scripts: string[] = [];
  const shellOf = (isHead: boolean): RemoteShell => ({
    host: 'one',
    run: () => expect.fail('unexpected call of run'),
    close: async () => undefined,
    stream: async (script, onChunk, signal) => {
      const text = isHead ? connections[scripts.push(script) - 1] : undefined;
      if (text === undefined) await clock.sleep(1e9, signal).catch(() => undefined);
      else onChunk(Buffer.from(text));
      return { exitCode: null };
    },
  });
  const hosts = new ClusterHosts(CLUSTER, ({ key }) => shellOf(key === CLUSTER.hosts[0]?.key));
  const lines: LogLine[] = [];
  const following = new LogFollower(hosts, clock).follow(null, (line) => lines.push(line), over.signal);
  await clock.advance(5_000);
  over.abort(new Error('enough'));
  await following;
  return { lines: lines.map(({ line }) => line), scripts };
}

describe('following a log', () => {
  it('passes on lines of the two outputs that were stamped a moment out of order', async () => {
    const { lines } = await followed([stamped(1, 'first') + stamped(3, 'of stdout') + stamped(2, 'of stderr') + stamped(4, 'last')]);
    expect(lines).to.deep.equal(['first', 'of stdout', 'of stderr', 'last']);
  });

  it('goes on after a lost link where it stopped, and repeats nothing', async () => {
    const { lines, scripts } = await followed([
      stamped(1, 'a') + stamped(3, 'b') + stamped(2, 'c') + stamped(4, 'd').slice(0, 30),
      stamped(3, 'b') + stamped(4, 'd') + stamped(5, 'e'),
    ]);
    expect(lines).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
    expect(scripts[1]).to.contain('--since 2026-09-20T10:00:00.000000003Z');
  });
});
