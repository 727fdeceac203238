import { performance } from 'node:perf_hooks';
import type { Host } from '@spark-control/core';
import { createSshCluster, type RemoteShell, ShellPool } from '@spark-control/ssh-adapter';
import { realClock } from '../test/rig/support/clock.ts';
import { rigCluster } from '../test/rig/support/cluster.ts';
import { missingRequirements } from '../test/rig/support/requirements.ts';
import { startRig } from '../test/rig/support/rig.ts';
import { quantile, verdict } from './support/figures.ts';

const POLLS = Number(process.env['SPARK_BENCH_POLLS'] ?? 100);
/** The first polls connect, and ask what does not change. */
const WARM_UP = 5;
const GOAL_MS = 60;

/** Telemetry of two hosts over real sshd and dockerd: how long one poll takes, and how many commands it sends to each host. */
export async function benchTelemetry(): Promise<boolean> {
  const missing = missingRequirements();
  if (missing.length > 0) throw new Error(`The rig cannot run here: ${missing.join('; ')}.`);
  const rig = await startRig({ hosts: 2 });
  const pool = new CountingPool({ clock: realClock });
  try {
    const cluster = rigCluster(rig, { installation: 'modern' });
    const { probe } = createSshCluster({ cluster, controllerId: 'ctl_bench', secrets: { read: () => null }, clock: realClock, pool });
    const poll = async (): Promise<number> => {
      const startedAt = performance.now();
      const reports = await probe.inspect({ image: null, source: null }, new AbortController().signal);
      const tookMs = performance.now() - startedAt;
      const lost = reports.find((report) => !report.reachable || report.facts.dockerVersion === null || report.facts.gpu === null);
      if (lost !== undefined) throw new Error(`${lost.host} gave no facts: ${JSON.stringify(lost)}`);
      return tookMs;
    };
    for (let round = 0; round < WARM_UP; round += 1) await poll();
    pool.commands = 0;
    const times: number[] = [];
    for (let round = 0; round < POLLS; round += 1) times.push(await poll());
    console.log(`${POLLS} polls of 2 hosts: p50 ${quantile(times, 0.5).toFixed(1)} ms, p95 ${quantile(times, 0.95).toFixed(1)} ms`);
    const isOne = verdict('commands per host and poll', pool.commands / POLLS / rig.hosts.length, 1, '');
    return verdict('telemetry poll p50', quantile(times, 0.5), GOAL_MS, 'ms') && isOne;
  } finally {
    await pool.close();
    await rig.stop();
  }
}

/** Counts what is run on any host: each run is one channel, and so one round trip. */
class CountingPool extends ShellPool {
  commands = 0;

  override shell(host: Host): RemoteShell {
    const shell = super.shell(host);
    const count = (): void => {
      this.commands += 1;
    };
    return {
      host: shell.host,
      run(script, options) {
        count();
        return shell.run(script, options);
      },
      stream(script, onChunk, signal) {
        count();
        return shell.stream(script, onChunk, signal);
      },
      close: () => shell.close(),
    };
  }
}
