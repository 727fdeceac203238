import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { missingRequirements } from '../test/rig/support/requirements.ts';
import { startRig } from '../test/rig/support/rig.ts';
import { rigRuntime } from '../test/rig/support/runtime.ts';
import { quantile, verdict } from './support/figures.ts';

const POLLS = Number(process.env['SPARK_BENCH_POLLS'] ?? 100);
/** The first polls connect, and ask what does not change. */
const WARM_UP = 5;
const GOAL_MS = 60;

type Patchable = { exec: (...args: unknown[]) => unknown };

/** Telemetry of two hosts over real sshd, dockerd and `/proc`: how long one poll takes, and how many commands it sends to each host. */
export async function benchTelemetry(): Promise<boolean> {
  const missing = missingRequirements();
  if (missing.length > 0) throw new Error(`The rig cannot run here: ${missing.join('; ')}.`);
  const counted = countCommands();
  const rig = await startRig({ hosts: 2 });
  const { probe, close } = rigRuntime(rig, { installation: 'modern' });
  try {
    const poll = async (): Promise<number> => {
      const startedAt = performance.now();
      const reports = await probe.inspect({ image: null, source: null }, new AbortController().signal);
      const tookMs = performance.now() - startedAt;
      const lost = reports.find((report) => !report.reachable || report.facts.dockerVersion === null);
      if (lost !== undefined) throw new Error(`${lost.host} gave no facts: ${JSON.stringify(lost)}`);
      return tookMs;
    };
    for (let round = 0; round < WARM_UP; round += 1) await poll();
    counted.reset();
    const times: number[] = [];
    for (let round = 0; round < POLLS; round += 1) times.push(await poll());
    console.log(`${POLLS} polls of 2 hosts: p50 ${quantile(times, 0.5).toFixed(1)} ms, p95 ${quantile(times, 0.95).toFixed(1)} ms`);
    const isOne = verdict('commands per host and poll', counted.commands() / POLLS / rig.hosts.length, 1, '');
    return verdict('telemetry poll p50', quantile(times, 0.5), GOAL_MS, 'ms') && isOne;
  } finally {
    await close();
    await rig.stop();
    counted.restore();
  }
}

/** Counts the commands that go over any SSH connection of this process, where they leave it. */
function countCommands(): Readonly<{ commands: () => number; reset: () => void; restore: () => void }> {
  const require = createRequire(new URL('../packages/ssh-adapter/package.json', import.meta.url));
  const { Client } = require('ssh2') as { Client: { prototype: Patchable } };
  const { exec } = Client.prototype;
  let commands = 0;
  Client.prototype.exec = function (this: unknown, ...args) {
    commands += 1;
    return exec.apply(this, args);
  };
  return {
    commands: () => commands,
    reset: () => {
      commands = 0;
    },
    restore: () => {
      Client.prototype.exec = exec;
    },
  };
}
