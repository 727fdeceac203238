import { endpointOf, isSparkError, type LaunchPlan, type ObservedContainer, swapId } from '@spark-control/core';
import { expect } from 'chai';
import { servedNamesAt } from '../../packages/core/test/contracts/runtime-subject.ts';
import type { Installation } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import { containersOn, killModelServer, startsOn, startUnmanaged, takePort } from './support/hosts.ts';
import { IMAGES } from './support/image.ts';
import { serves } from './support/login.ts';
import { aPlanFor } from './support/models.ts';
import { type RigRuntime, rigRuntime } from './support/runtime.ts';
import { useRig } from './support/suite.ts';

const LIMIT = 60_000;
const INSTALLATIONS: readonly Installation[] = ['docker_run', 'modern', 'legacy'];

describe('what is in the way on the hosts', function () {
  this.timeout(120_000);
  const rig = useRig();
  let used: RigRuntime | null = null;
  let swaps = 0;

  const open = (installation: Installation): RigRuntime => {
    used = rigRuntime(rig(), { installation });
    return used;
  };
  const launch = async (on: RigRuntime, plan: LaunchPlan, clear: 'stop' | 'park' | 'leave'): Promise<readonly string[]> => {
    const signal = AbortSignal.timeout(LIMIT);
    swaps += 1;
    const claim = await on.fence.claim(swapId(`swp_obstacle${swaps}`), 1, signal);
    const lines: string[] = [];
    const report = ({ line }: { line: string }): void => void lines.push(line);
    if (clear !== 'leave') await on.runtime.stop(claim, { park: clear === 'park', report }, signal);
    await on.runtime.launch(plan, claim, report, signal);
    return lines;
  };
  const refusal = async (promise: Promise<unknown>): Promise<Readonly<{ code: string; message: string; logTail: string }>> => {
    try {
      await promise;
    } catch (error) {
      if (!isSparkError(error)) throw error;
      const tail = error.details['logTail'];
      return { code: error.code, message: error.message, logTail: Array.isArray(tail) ? tail.join('\n') : '' };
    }
    return expect.fail('it was expected to be refused');
  };
  const seenOn = async (on: RigRuntime): Promise<readonly ObservedContainer[]> =>
    (await on.runtime.observe(AbortSignal.timeout(LIMIT))).flatMap((host) => (host.reachable ? host.containers : []));

  afterEach(async () => {
    await used?.close();
    used = null;
  });

  for (const installation of INSTALLATIONS) {
    it(`an image that is missing: nothing serves, and Docker's own words are passed on (${installation})`, async () => {
      const on = open(installation);
      const { code, message, logTail } = await refusal(launch(on, aPlanFor(on.cluster, 'good', { image: 'vllm-node:missing' }), 'stop'));
      expect(code).to.be.oneOf(['LAUNCHER_FAILED', 'RUNTIME_REJECTED']);
      expect(message).to.match(/spark1/);
      expect(logTail).to.match(/Unable to find image|Could not inspect image/);
      expect(startsOn(rig().hosts[0]!)).to.deep.equal([]);
    });

    it(`a stopped container of the same name: refused while it is there, cleared by a stop (${installation})`, async () => {
      const on = open(installation);
      const [head] = rig().hosts;
      await head!.docker('create', '--name', on.cluster.container, IMAGES.node, 'true');
      const plan = aPlanFor(on.cluster, 'good', { nodes: 1 });
      expect(await refusal(launch(on, plan, 'leave'))).to.include({ code: 'RUNTIME_REJECTED' });
      expect(startsOn(head!)).to.deep.equal([]);
      await launch(on, plan, 'stop');
      await serves(head!);
      expect(startsOn(head!)).to.have.length(1);
    });

    it(`a running container of the same name: never is a second server started in it (${installation})`, async () => {
      const on = open(installation);
      const [head] = rig().hosts;
      await startUnmanaged(head!, { name: on.cluster.container });
      await serves(head!);
      expect(await refusal(launch(on, aPlanFor(on.cluster, 'good', { nodes: 1 }), 'leave'))).to.include({ code: 'RUNTIME_REJECTED' });
      expect(startsOn(head!)).to.have.length(1);
      expect(await servedNamesAt(endpointOf(on.cluster))).to.deep.equal(['unmanaged']);
    });

    it(`a model server that was killed behind our back is seen dead, with its container or without (${installation})`, async () => {
      const on = open(installation);
      const [head] = rig().hosts;
      await launch(on, aPlanFor(on.cluster, 'good', { nodes: 1 }), 'stop');
      await serves(head!);
      await killModelServer(head!, on.cluster.container);
      const state = await eventually('the death to be seen', async () => {
        const [container] = await seenOn(on);
        return container?.state === 'running' ? null : (container?.state ?? 'gone');
      });
      expect(state).to.equal(installation === 'docker_run' ? 'absent' : 'unhealthy');
    });
  }

  for (const installation of ['modern', 'legacy'] as const) {
    it(`a left-over worker container: seen, ended, and both hosts start (${installation})`, async () => {
      const on = open(installation);
      const [head, worker] = rig().hosts;
      await worker!.docker('run', '-d', '--rm', '--name', on.cluster.container, IMAGES.node, 'sleep', '600');
      expect((await seenOn(on)).map(({ host, identity }) => ({ host, identity }))).to.deep.equal([{ host: 'spark2', identity: null }]);
      const plan = aPlanFor(on.cluster, 'good');
      expect(await refusal(launch(on, plan, 'leave'))).to.include({ code: 'RUNTIME_REJECTED' });
      await launch(on, plan, 'stop');
      await serves(head!);
      const fences = (await Promise.all(rig().hosts.map(containersOn))).flat().map(({ labels }) => labels['spark-control.fence']);
      expect(fences).to.have.length(2);
      expect(new Set(fences).size).to.equal(1);
    });
  }

  it('a port held by something that is no container: a stop says so and leaves it alone', async () => {
    const on = open('modern');
    const giveBack = await takePort(rig().hosts[0]!, 8000);
    try {
      const { code, message } = await refusal(launch(on, aPlanFor(on.cluster, 'good', { nodes: 1 }), 'stop'));
      expect(code).to.equal('RUNTIME_REJECTED');
      expect(message).to.match(/port 8000/);
      expect(startsOn(rig().hosts[0]!)).to.deep.equal([]);
    } finally {
      await giveBack();
    }
  });

  it('images that differ between the hosts: the launcher is told off before anything runs', async () => {
    const on = open('modern');
    const [head, worker] = rig().hosts;
    await head!.docker('tag', IMAGES.node, 'vllm-node:skewed');
    await worker!.docker('tag', IMAGES.next, 'vllm-node:skewed');
    try {
      const { code, logTail } = await refusal(launch(on, aPlanFor(on.cluster, 'good', { image: 'vllm-node:skewed' }), 'stop'));
      expect(code).to.equal('LAUNCHER_FAILED');
      expect(logTail).to.include('Docker image mismatch');
      for (const host of rig().hosts) expect(await containersOn(host)).to.deep.equal([]);
    } finally {
      for (const host of rig().hosts) await host.docker('rmi', 'vllm-node:skewed');
    }
  });
});
