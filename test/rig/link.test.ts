import { expect } from 'chai';
import { type HostLink, type Installation, startHostLink } from './support/cluster.ts';
import type { ControlPlane } from './support/control-plane.ts';
import { startsOn } from './support/hosts.ts';
import { useRig } from './support/suite.ts';
import { INSTALLATIONS, running, SCENE, sceneControl } from './support/swap-scene.ts';

const isProof = process.env['SPARK_PROVE'] === '1';

type Outage = Readonly<{ phase: string; seconds: number; how: 'refused' | 'frozen' | 'cut'; installation: Installation }>;

const PHASES = ['validating', 'draining', 'stopping', 'launching', 'loading', 'warming', 'rolling_back'];
const OUTAGES: readonly Outage[] = isProof
  ? (['docker_run', 'modern'] as const).flatMap((installation) =>
      PHASES.flatMap((phase) =>
        [1, 60].flatMap((seconds) => (['refused', 'frozen'] as const).map((how) => ({ phase, seconds, how, installation }))),
      ),
    )
  : [
      { phase: 'stopping', seconds: 1, how: 'refused', installation: 'docker_run' },
      { phase: 'launching', seconds: 1, how: 'refused', installation: 'modern' },
      { phase: 'loading', seconds: 1, how: 'cut', installation: 'legacy' },
    ];

describe('a link to the hosts that is lost', () => {
  const rig = useRig(SCENE);
  let control: ControlPlane;
  let links: readonly HostLink[] = [];

  afterEach(async () => {
    await control.stop();
    await Promise.all(links.map((link) => link.stop()));
  });

  for (const { phase, seconds, how, installation } of OUTAGES) {
    it(`while ${phase}, ${how} for ${seconds} s, with ${INSTALLATIONS[installation]}: the right model serves, started once`, async () => {
      links = await Promise.all(rig().hosts.map((host) => startHostLink(host)));
      control = await sceneControl(rig(), installation, links).start();
      await control.swap({ model: 'alpha' });
      const isBack = phase === 'rolling_back';
      const { body } = await control.requestSwap({ model: isBack ? 'broken' : 'beta' });
      await control.inPhase(body.id, phase);
      await disturb(how, seconds);
      const swap = await control.settled(body.id, 300_000);
      // What cannot be checked within the time for checks is refused, with nothing touched.
      const isRefused = swap.phase === 'failed' && phase === 'validating' && seconds > 30;
      if (!isRefused) expect(swap, JSON.stringify(swap.cause)).to.include({ phase: isBack ? 'rolled_back' : 'ready' });
      const serving = isBack || isRefused ? 'alpha' : 'beta';
      // Only a swap that was refused because nobody could be asked may leave open what serves.
      expect(swap.serving).to.be.oneOf(isRefused ? [serving, 'unknown'] : [serving]);
      const models = startsOn(rig().hosts[0]!).map((start) => start.argv[1]);
      expect(models).to.deep.equal(
        isBack ? ['org/alpha', 'org/broken', 'org/alpha'] : isRefused ? ['org/alpha'] : ['org/alpha', 'org/beta'],
      );
      for (const container of await running(rig())) expect(container.labels['spark-control.model']).to.equal(serving);
      expectPatience();
    });
  }

  async function disturb(how: Outage['how'], seconds: number): Promise<void> {
    if (how === 'refused') await Promise.all(links.map((link) => link.ssh.refuse()));
    for (const link of links) {
      if (how === 'frozen') link.ssh.freeze();
      else link.ssh.cut();
    }
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000)); // the outage itself
    if (how === 'refused') await Promise.all(links.map((link) => link.ssh.accept()));
    if (how === 'frozen') for (const link of links) link.ssh.thaw();
  }

  /** At most one connection a second to each host, whatever happened. */
  function expectPatience(): void {
    for (const link of links) {
      const times = link.ssh.connections();
      for (let at = 1; at < times.length; at += 1) expect(times[at]! - times[at - 1]!, 'ms between connections').to.be.at.least(990);
    }
  }
});
