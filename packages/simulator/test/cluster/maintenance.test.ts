import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planUpdate, swapId } from '@spark-control/core';
import { expect } from 'chai';
import { hostMaintenanceContract } from '../../../core/test/contracts/host-maintenance.contract.ts';
import { NEVER, startCluster } from '../support/clusters.ts';

hostMaintenanceContract('the simulator', async () => {
  const { maintenance, fence, cluster, control, close } = await startCluster({ speed: 100 });
  const [head] = cluster.hosts;
  if (head === undefined) throw new Error('no host');
  const claim = await fence.claim(swapId('swp_1'), 5, NEVER);
  return {
    ...{ maintenance, host: head.key, claim },
    cutOff: async () => {
      await control.hostDown(head.key, true);
      return () => control.hostDown(head.key, false);
    },
    dispose: close,
  };
});

describe('the update of a simulated Spark', () => {
  const claimed = async (speed = 400, stateFile?: string) => {
    const simulation = await startCluster({ speed, ...(stateFile === undefined ? {} : { stateFile }) });
    const host = simulation.cluster.hosts[1]?.key;
    if (host === undefined) throw new Error('no host');
    return { ...simulation, host, claim: await simulation.fence.claim(swapId('swp_1'), 1, NEVER) };
  };

  it('can be planned: it has cautions, and nothing against it', async () => {
    const { maintenance, host, close } = await claimed();
    const plan = planUpdate(await maintenance.survey(host, NEVER), 'simulated');
    expect(plan).to.deep.include({ risk: 'caution', blockers: [] });
    expect(plan.warnings).to.have.length(1); // of the reboot
    expect(plan.reboot.causes).to.deep.equal([
      'Kernel 6.17.0-1032 runs after a reboot only.',
      'Driver 580.178.04 is loaded by a reboot only.',
    ]);
    await close();
  });

  it('asks for a reboot, and has the new kernel and no container after it', async () => {
    const { maintenance, control, probe, host, claim, close } = await claimed();
    await control.startUnmanaged({ host, name: 'left-over' });
    await maintenance.update(host, { job: 'op_1', claim, steps: ['packages'] }, () => undefined, NEVER);
    const before = await maintenance.condition(host, NEVER);
    expect(before.rebootRequiredBy).to.have.length(2);
    await maintenance.reboot(host, before.bootId, claim, NEVER);
    expect((await probe.inspect({ image: null, source: null }, NEVER))[1]).to.include({ reachable: false });
    let after = before;
    while (after.bootId === before.bootId) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      after = await maintenance.condition(host, NEVER).catch(() => before);
    }
    expect(after).to.include({ kernel: '6.17.0-1032-nvidia', driver: '580.178.04' });
    expect(after.rebootRequiredBy).to.deep.equal([]);
    expect(control.containers()).to.deep.equal([]);
    const survey = await maintenance.survey(host, NEVER);
    expect(survey.packages).to.deep.equal([]);
    await close();
  });

  it('outlives the control plane: boot, kernel, and the job that runs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spark-sim-'));
    const first = await claimed(50, join(folder, 'state.json'));
    const lines: string[] = [];
    const stopping = new AbortController();
    const order = { job: 'op_1', claim: first.claim, steps: ['packages'] } as const;
    const following = first.maintenance
      .update(first.host, order, () => stopping.abort(new Error('stop')), stopping.signal)
      .catch(() => undefined);
    await following;
    const { bootId } = await first.maintenance.condition(first.host, NEVER);
    await first.close();
    const second = await claimed(50, join(folder, 'state.json'));
    expect(await second.maintenance.hasBegun(second.host, 'op_1', NEVER)).to.equal(true);
    await second.maintenance.update(second.host, order, (line) => lines.push(line), NEVER);
    expect(lines[0]).to.equal('$ apt-get dist-upgrade');
    expect(await second.maintenance.condition(second.host, NEVER)).to.include({ bootId });
    expect((await second.maintenance.survey(second.host, NEVER)).packages).to.deep.equal([]);
    await second.close();
    rmSync(folder, { recursive: true });
  });
});
