import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Claim, type LaunchPlan, type LogLine, type ObservedContainer, swapId } from '@spark-control/core';
import { expect } from 'chai';
import type { Installation } from './support/cluster.ts';
import { startsOn, startUnmanaged } from './support/hosts.ts';
import { serves, sshTo } from './support/login.ts';
import { aPlanFor } from './support/models.ts';
import { LAUNCHER_DIRECTORIES } from './support/rig.ts';
import { type RigRuntime, rigRuntime } from './support/runtime.ts';
import { useRig } from './support/suite.ts';

/** What real hosts do to a runtime beyond the contract that the simulator can keep too. */
describe('the runtime on real hosts', function () {
  this.timeout(120_000);
  const rig = useRig();
  const opened: RigRuntime[] = [];
  let swaps = 0;
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
  });
  const signal = (): AbortSignal => AbortSignal.timeout(90_000);
  const open = (installation: Installation): RigRuntime => {
    const runtime = rigRuntime(rig(), { installation });
    opened.push(runtime);
    return runtime;
  };
  const claimOn = (on: RigRuntime): Promise<Claim> => {
    swaps += 1;
    return on.fence.claim(swapId(`swp_runtime${swaps}`), 1, signal());
  };
  const lines: LogLine[] = [];
  const report = (line: LogLine): void => void lines.push(line);
  const launch = (on: RigRuntime, plan: LaunchPlan, claim: Claim): Promise<void> => on.runtime.launch(plan, claim, report, signal());
  const stop = (on: RigRuntime, claim: Claim, park = false): Promise<unknown> => on.runtime.stop(claim, { park, report }, signal());
  const seen = async (on: RigRuntime): Promise<readonly ObservedContainer[]> =>
    (await on.runtime.observe(signal())).flatMap((host) => (host.reachable ? host.containers : expect.fail(host.reason)));
  describe('with a cluster in the way that a person started with the launcher', () => {
    const startByHand = async (nodes: 1 | 2): Promise<void> => {
      const [head, worker] = rig().hosts;
      const target = nodes === 1 ? '--solo' : `-n ${head!.address},${worker!.address} --eth-if eth0 --ib-if ib0`;
      const words = `vllm serve org/by-hand -tp ${nodes} --served-model-name "by hand" --chat-template "it's \\$HOME"`;
      const started = await sshTo(
        rig(),
        head!,
        `cd /tmp && ${LAUNCHER_DIRECTORIES.modern}/launch-cluster.sh ${target} -e TEST_BY_HAND=secret -d exec ${words}`,
      );
      expect(started.code, started.stderr).to.equal(0);
      await serves(head!);
    };

    for (const nodes of [1, 2] as const) {
      it(`keeps its containers, which a stop would lose, and starts the same servers in them again: ${nodes} host(s)`, async () => {
        await startByHand(nodes);
        const on = open('modern');
        const before = await seen(on);
        expect(before).to.have.length(nodes);
        for (const container of before) expect(container).to.include({ state: 'running', identity: null, restorable: true });
        const first = rig().hosts.map((host) => startsOn(host));
        const claim = await claimOn(on);
        await stop(on, claim, true);
        expect((await seen(on)).map(({ parked, id }) => ({ parked, id }))).to.deep.equal(before.map(({ id }) => ({ parked: true, id })));
        await launch(on, aPlanFor(on.cluster, 'good', { nodes }), claim);
        await serves(rig().hosts[0]!);
        await stop(on, claim, true);
        await on.runtime.unpark(claim, 'restore', signal());
        await serves(rig().hosts[0]!);
        expect((await seen(on)).map(({ id, name, parked }) => ({ id, name, parked }))).to.deep.equal(
          before.map(({ id, name }) => ({ id, name, parked: false })),
        );
        for (const [at, host] of rig().hosts.entries()) {
          const starts = startsOn(host);
          if (first[at]!.length === 0) continue;
          expect(starts.at(-1)?.argv).to.deep.equal(first[at]![0]?.argv);
          expect(starts.at(-1)?.env).to.deep.equal(first[at]![0]?.env);
          const left = await sshTo(rig(), host, `find .spark-control -path '*/parked/*'; docker exec vllm_node ls /tmp`);
          expect(left.stdout).to.not.match(/environ|spark-control-restore/);
        }
      });
    }

    it('says that a container whose process 1 is the server cannot be kept', async () => {
      await startUnmanaged(rig().hosts[0]!, { name: 'throwaway', remove: true });
      await serves(rig().hosts[0]!);
      expect((await seen(open('modern')))[0]).to.include({ name: 'throwaway', restorable: false });
    });
  });

  it('saves the log of what it ends, and keeps ten of them', async () => {
    const on = open('docker_run');
    const logs = join(rig().hosts[0]!.directory, 'home', 'spark', '.spark-control', on.cluster.key, 'logs');
    const claim = await claimOn(on);
    await launch(on, aPlanFor(on.cluster, 'good'), claim);
    await serves(rig().hosts[0]!);
    const old = Array.from({ length: 12 }, (_, at) => `touch -d '2026-01-${10 + at}' vllm-old-${at}.log`).join('; ');
    await sshTo(rig(), rig().hosts[0]!, `mkdir -p .spark-control/${on.cluster.key}/logs; cd .spark-control/${on.cluster.key}/logs; ${old}`);
    await stop(on, claim);
    const kept = readdirSync(logs).sort();
    expect(kept).to.have.length(10);
    const [saved] = kept.filter((name) => name.startsWith('vllm-gemma4-'));
    expect(readFileSync(join(logs, saved!), 'utf8')).to.include('Application startup complete.');
    expect(kept).to.include('vllm-old-11.log').and.to.not.include('vllm-old-0.log');
  });
});
