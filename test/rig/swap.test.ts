import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Installation } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import type { ControlPlane } from './support/control-plane.ts';
import { containersOn, startsOn, startUnmanaged, takePort } from './support/hosts.ts';
import { serves } from './support/login.ts';
import { useRig } from './support/suite.ts';
import { INSTALLATIONS, running, SCENE, sceneControl } from './support/swap-scene.ts';

for (const installation of Object.keys(INSTALLATIONS) as Installation[]) {
  describe(`a swap with ${INSTALLATIONS[installation]}`, () => {
    const rig = useRig(SCENE);
    const hostCount = installation === 'docker_run' ? 1 : 2;
    const container = installation === 'docker_run' ? 'vllm-gemma4' : 'vllm_node';
    let control: ControlPlane;

    beforeEach(async () => {
      control = await sceneControl(rig(), installation).start();
    });
    afterEach(async () => {
      await control.stop();
    });

    const head = () => rig().hosts[0]!;

    type Shown = Readonly<{ serving: string | null; drift: string | null; state: string }>;
    /** Within five seconds, and one for a machine that has much to do. */
    const shown = (what: string, is: (cluster: Shown) => boolean) =>
      eventually(what, async () => (await control.call<{ clusters: Shown[] }>('GET', '/api/status')).body.clusters.some(is), 6_000);

    /** What the launcher has no part in is shown on one installation, and on all of them in a proof. */
    const once = process.env['SPARK_PROVE'] === '1' || installation === 'docker_run' ? it : () => undefined;

    /** Both generations of the launcher share the code that this is about. */
    const current = process.env['SPARK_PROVE'] === '1' || installation !== 'legacy' ? it : () => undefined;

    it('goes from A to B and back, and unloads', async () => {
      for (const model of ['alpha', 'beta', 'alpha']) {
        const swap = await control.swap({ model });
        expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'ready', serving: model });
        const now = await running(rig());
        expect(now.map((each) => [each.name, each.labels['spark-control.model']])).to.deep.equal(Array(hostCount).fill([container, model]));
      }
      const unloaded = await control.swap({ model: null });
      expect(unloaded, JSON.stringify(unloaded.cause)).to.include({ phase: 'ready', serving: null });
      expect(await running(rig())).to.deep.equal([]);
    });

    it('goes back to the model before when the new one fails, and says why', async () => {
      await control.swap({ model: 'alpha' });
      const swap = await control.swap({ model: 'broken' });
      expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'rolled_back', serving: 'alpha' });
      expect(swap.cause?.message).to.match(/memory/i);
      expect(swap.cause?.log_tail.join('\n')).to.match(/out of memory/i);
      expect((await running(rig())).map((each) => each.labels['spark-control.model'])).to.deep.equal(Array(hostCount).fill('alpha'));
    });

    once('refuses an image that is not there before it stops anything', async () => {
      await control.swap({ model: 'alpha' });
      const swap = await control.swap({ model: 'imageless' });
      expect(swap).to.include({ phase: 'failed', serving: 'alpha' });
      expect(swap.cause?.message).to.contain('nobody/has-this:1');
      expect(swap.steps.find((step) => step.phase === 'stopping')?.status).to.equal('skipped');
    });

    once('refuses a stopped container that bears the name and is not ours, and clears it away when told to', async () => {
      await startUnmanaged(head(), { name: container, port: 8123 });
      await head().docker('stop', '-t', '1', container);
      const refused = await control.swap({ model: 'alpha' });
      expect(refused.phase).to.equal('failed');
      expect(refused.cause?.message).to.contain(container);
      const swap = await control.swap({ model: 'alpha', replace_unmanaged: true });
      expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'ready', serving: 'alpha' });
    });

    once('refuses to start on a port that a process holds', async () => {
      const giveBack = await takePort(head(), 8000);
      try {
        await shown('the stranger to be shown', (cluster) => cluster.serving === 'unmanaged');
        const refused = await control.requestSwap({ model: 'alpha' });
        expect(refused.status).to.equal(409);
        expect(refused.body.code).to.equal('UNMANAGED_MODEL');
        const insisted = await control.swap({ model: 'alpha', replace_unmanaged: true });
        expect(insisted.phase).to.equal('failed');
        expect(insisted.cause?.code).to.equal('UNMANAGED_MODEL');
      } finally {
        await giveBack();
      }
    });

    current('gives a model from a folder its folder, at the same path', async () => {
      for (const host of rig().hosts) {
        const folder = join(host.directory, 'home', 'spark', 'models', 'mine');
        mkdirSync(folder, { recursive: true });
        for (const file of ['config.json', 'model.safetensors']) writeFileSync(join(folder, file), '{}');
      }
      const swap = await control.swap({ model: 'local' });
      expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'ready', serving: 'local' });
      const [mount] = (await containersOn(head())).flatMap((each) => each.mounts.filter((one) => one.target === '/home/spark/models/mine'));
      expect(mount).to.include({ source: '/home/spark/models/mine', writable: false });
      expect(startsOn(head()).at(-1)?.argv).to.include.members(['serve', '/home/spark/models/mine']);
    });

    current('leaves alone what others started; told to replace it, brings it back when the new model fails', async () => {
      await startUnmanaged(head(), { name: 'theirs', served: 'their-model' });
      await serves(head());
      const refused = await control.requestSwap({ model: 'broken' });
      expect(refused.status, JSON.stringify(refused.body)).to.equal(409);
      expect(refused.body.code).to.equal('UNMANAGED_MODEL');
      const swap = await control.swap({ model: 'broken', replace_unmanaged: true });
      expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'rolled_back', serving: 'unmanaged' });
      expect((await running(rig())).map((each) => each.name)).to.deep.equal(['theirs']);
      const good = await control.swap({ model: 'alpha', replace_unmanaged: true });
      expect(good, JSON.stringify(good.cause)).to.include({ phase: 'ready', serving: 'alpha' });
      expect((await containersOn(head())).map((each) => each.name)).to.deep.equal([container]);
    });

    if (hostCount === 2) {
      it('clears away a worker of its own that was left over', async () => {
        await control.swap({ model: 'alpha' });
        await head().docker('rm', '-f', container);
        const swap = await control.swap({ model: 'beta' });
        expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'ready', serving: 'beta' });
      });

      it("leaves a stranger's container on the worker alone, and clears it away when told to", async () => {
        await rig().hosts[1]!.docker('run', '-d', '--network', 'host', '--name', container, 'vllm-node:latest', 'sleep', '1000');
        const refused = await control.swap({ model: 'alpha' });
        expect(refused.cause?.message).to.contain(container);
        const swap = await control.swap({ model: 'alpha', replace_unmanaged: true });
        expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'ready', serving: 'alpha' });
      });
    }

    once('cancels a load and brings the model before back', async () => {
      await control.swap({ model: 'alpha' });
      const { body } = await control.requestSwap({ model: 'beta' });
      await control.inPhase(body.id, 'loading');
      expect((await control.call('POST', `/api/swap/${body.id}/cancel`, {})).status).to.equal(202);
      const swap = await control.settled(body.id);
      expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'cancelled', serving: 'alpha' });
    });

    once('shows within seconds what is started, stopped or killed behind its back, and plans from that', async () => {
      await control.swap({ model: 'alpha' });
      await head().docker('rm', '-f', container);
      await shown('the loss to be shown', (cluster) => cluster.serving === null && cluster.drift?.includes('alpha was serving') === true);
      await startUnmanaged(head(), { name: 'cron-job', served: 'their-model' });
      await shown('the stranger to be shown', (cluster) => cluster.serving === 'unmanaged');
      await head().docker('rm', '-f', 'cron-job');
      await shown('its end to be shown', (cluster) => cluster.serving === null);
      const swap = await control.swap({ model: 'beta' });
      expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'ready', serving: 'beta', previous_model: null });
    });
  });
}
