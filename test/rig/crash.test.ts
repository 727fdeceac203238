import { swapId } from '@spark-control/core';
import type { WireSwap } from '@spark-control/schema';
import { expect } from 'chai';
import type { Installation } from './support/cluster.ts';
import type { ControlPlane } from './support/control-plane.ts';
import { startsOn } from './support/hosts.ts';
import { seededRandom } from './support/seed.ts';
import { useRig } from './support/suite.ts';
import { INSTALLATIONS, running, SCENE, sceneControl } from './support/swap-scene.ts';

const isProof = process.env['SPARK_PROVE'] === '1';
/** Moments at which the control plane is killed, over all installations. */
const MOMENTS = Number(process.env['SPARK_MOMENTS'] ?? (isProof ? 60 : 2));
/** A swap with its rollback is over after about this long. */
const SWAP_MS = 7_000;

const STEPS = ['validate', 'drain', 'stop', 'launch', 'load', 'warm', 'rollback_stop', 'rollback_launch', 'rollback_load', 'rollback_warm'];
const EFFECTS = ['validate', 'drain', 'stop', 'launch', 'await_load', 'warm_up', 'clear_for_rollback'];
const aroundCommit = (step: string): readonly string[] => [`before_commit_${step}`, `after_commit_${step}`];
/** Points that only a swap which goes well comes by; all others are met by one that fails and is rolled back. */
const GOOD_POINTS = [...['warm', 'ready'].flatMap(aroundCommit), 'before_warm_up', 'after_warm_up'];
const POINTS = [
  ...GOOD_POINTS,
  ...[...STEPS, 'queued', 'rolled_back'].filter((step) => step !== 'warm').flatMap(aroundCommit),
  ...EFFECTS.filter((effect) => effect !== 'warm_up').flatMap((effect) => [`before_${effect}`, `after_${effect}`]),
];
const CHOSEN_POINTS = isProof ? POINTS : ['after_commit_stop', 'before_launch', 'after_commit_rollback_stop'];

const MODEL_OF = { 'org/alpha': 'alpha', 'org/beta': 'beta', 'org/broken': 'broken' } as const;

describe('a control plane that is killed', () => {
  const rig = useRig(SCENE);
  let control: ControlPlane;

  afterEach(async () => {
    await control.stop();
  });

  /** Starts of each model on the head since the reset, in order. */
  const starts = (): readonly string[] =>
    startsOn(rig().hosts[0]!).map((start) => MODEL_OF[start.argv[1] as keyof typeof MODEL_OF] ?? String(start.argv[1]));

  async function expectConsistent(id: string, seen: WireSwap | null, target: string): Promise<void> {
    const swap = await control.settled(id);
    const isGood = target === 'beta';
    expect(swap, JSON.stringify(swap.cause)).to.include({ phase: isGood ? 'ready' : 'rolled_back', serving: isGood ? 'beta' : 'alpha' });
    // alpha was loaded first; then the target exactly once, and after a failure alpha once more.
    expect(starts().join(' ')).to.match(isGood ? /^alpha beta$/ : /^alpha broken alpha$/);
    for (const container of await running(rig())) expect(container.labels['spark-control.model']).to.equal(isGood ? 'beta' : 'alpha');
    await control.kill('SIGTERM');
    const rows = await control.journalled(swapId(id));
    for (const step of seen?.steps ?? []) if (step.status === 'done') expect(rows, 'acknowledged history').to.include(step.phase);
    expect(rows.at(-1)).to.equal(swap.phase);
  }

  const kinds = Object.keys(INSTALLATIONS) as Installation[];
  const seed = Number(process.env['SPARK_SEED'] ?? 20_261);
  const random = seededRandom(seed);

  for (let moment = 0; moment < MOMENTS; moment += 1) {
    const installation = kinds[moment % kinds.length]!;
    const target = moment % 2 === 0 ? 'beta' : 'broken';
    const afterMs = Math.round(random() * SWAP_MS);
    it(`${afterMs} ms into a swap to ${target} with ${INSTALLATIONS[installation]} goes on or back (seed ${seed})`, async () => {
      control = await sceneControl(rig(), installation).start();
      await control.swap({ model: 'alpha' });
      const { body } = await control.requestSwap({ model: target });
      await new Promise((resolve) => setTimeout(resolve, afterMs)); // a random moment is the point here
      const seen = await control.get(body.id);
      await control.kill('SIGKILL');
      await control.start();
      await expectConsistent(body.id, seen, target);
    });
  }

  CHOSEN_POINTS.forEach((point, index) => {
    const installation = kinds[index % kinds.length]!;
    const target = GOOD_POINTS.includes(point) ? 'beta' : 'broken';
    it(`at ${point} with ${INSTALLATIONS[installation]} goes on or back`, async () => {
      control = await sceneControl(rig(), installation).start();
      await control.swap({ model: 'alpha' });
      await control.kill('SIGTERM');
      await control.start({ SPARK_FAILPOINT: point });
      const asked = await control.requestSwap({ model: target }).catch(() => null);
      await control.ended();
      await control.start();
      const id = asked?.body.id ?? (await control.call<{ items: WireSwap[] }>('GET', '/api/swaps')).body.items[0]?.id;
      const isLost = point === 'before_commit_queued'; // never acknowledged, so nothing may have happened
      if (isLost) expect(starts()).to.deep.equal(['alpha']);
      else await expectConsistent(id!, null, target);
    });
  });
});
