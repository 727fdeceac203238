import { expect } from 'chai';
import type { Installation } from './support/cluster.ts';
import { MODELS, type ModelName, type Moment, type Outcome, RIVAL_SCENE, Rivals, type Takeover } from './support/rivals.ts';
import { seededRandom } from './support/seed.ts';
import { useRig } from './support/suite.ts';
import { INSTALLATIONS, running } from './support/swap-scene.ts';

const isProof = process.env['SPARK_PROVE'] === '1';
const ROUNDS = Number(process.env['SPARK_ROUNDS'] ?? (isProof ? 100 : 3));
const SEED = Number(process.env['SPARK_SEED'] ?? 26);
/** How long a phase lasts here, about: a moment is drawn from it. */
const LASTS_MS = { validating: 150, draining: 900, stopping: 600, launching: 900, loading: 1_300, warming: 250 } as const;
const KINDS = Object.keys(INSTALLATIONS) as Installation[];
const MOMENTS = ['loading', 'job', 'stopping', 'warming', 'hung_job', 'validating', 'launching', 'draining'] as const;
/** Rounds in which it is frozen as soon as it was asked, before or after it looked at the hosts: these are not counted above. */
const EARLY_ROUNDS = isProof ? 6 : 1;

type Plan = Readonly<{ moment: Moment; isSameModel: boolean }>;
type Bout = Readonly<{ installation: Installation; rounds: readonly Plan[] }>;

/** Two rounds with the same processes, so that who was frozen in the first is the legitimate one of the second. */
function bouts(): readonly Bout[] {
  const random = seededRandom(SEED);
  const planOf = (index: number): Plan => {
    // Shifted from time to time, so that each moment comes in both roles and with every installation.
    const kind = MOMENTS[(index + Math.floor(index / MOMENTS.length)) % MOMENTS.length] ?? 'job';
    const isSameModel = random() < 0.3;
    const share = random();
    if (index >= ROUNDS) return { moment: { kind: 'asked' }, isSameModel };
    if (kind === 'job' || kind === 'hung_job') return { moment: { kind }, isSameModel };
    return { moment: { kind: 'phase', phase: kind, afterMs: Math.round(share * LASTS_MS[kind]) }, isSameModel };
  };
  const plans = Array.from({ length: ROUNDS + EARLY_ROUNDS }, (_, index) => planOf(index));
  const pairs = Array.from({ length: Math.ceil(plans.length / 2) }, (_, at) => plans.slice(2 * at, 2 * at + 2));
  return pairs.map((rounds, at) => ({ installation: KINDS[at % KINDS.length] ?? 'docker_run', rounds }));
}

function wordsOf(moment: Moment): string {
  if (moment.kind === 'phase') return `${moment.afterMs} ms into ${moment.phase}`;
  return { asked: 'as soon as it was asked', job: 'while its launcher runs', hung_job: 'while its launcher hangs' }[moment.kind];
}

describe('two control planes on the same hosts, one of them frozen in the middle of a swap', function () {
  this.timeout(isProof ? 0 : 240_000);
  const rig = useRig(RIVAL_SCENE);
  const tally = new Map<string, number>();
  let rivals: Rivals;

  afterEach(() => rivals.stop());
  after(() => {
    const counts = [...tally].map(([what, count]) => `${what} ${count}`).join(', ');
    if (isProof) console.log(`      seed ${SEED}: ${counts}`);
  });

  const count = (what: string): void => {
    tally.set(what, (tally.get(what) ?? 0) + 1);
  };

  bouts().forEach(({ installation, rounds }, at) => {
    const words = rounds.map(({ moment }) => wordsOf(moment)).join(', then ');
    it(`${words}, with ${INSTALLATIONS[installation]}: the other one swaps and stays (bout ${at + 1}, seed ${SEED})`, async () => {
      rivals = new Rivals(rig(), installation);
      await rivals.start();
      let serving: ModelName = 'alpha';
      expect(await rivals.planes[1].swap({ model: serving })).to.include({ phase: 'ready' });
      for (const [index, plan] of rounds.entries()) serving = await roundOf(plan, index === 0 ? 0 : 1, serving);
    });
  });

  /** One round; again when the swap that was to be frozen had settled before, or had done nothing yet. Returns what serves then. */
  async function roundOf({ moment, isSameModel }: Plan, first: 0 | 1, before: ModelName): Promise<ModelName> {
    let serving = before;
    for (let tries = 1; tries <= 5; tries += 1) {
      const [frozen, third] = MODELS.filter((model) => model !== serving) as [ModelName, ModelName];
      const takeover: Takeover = { moment, serving, frozen, legitimate: isSameModel ? frozen : third };
      const outcome = await rivals.takeOver(first, takeover);
      expect(outcome.legitimate, JSON.stringify(outcome, null, 1)).to.include({ phase: 'ready', serving: takeover.legitimate });
      serving = takeover.legitimate;
      if (outcome.frozenIn === null) {
        count('too late, done again');
        continue;
      }
      const isNewcomer = await expectTakenOver(outcome, takeover);
      if (isNewcomer) serving = frozen;
      if (isNewcomer && moment.kind !== 'asked') {
        count('too early, done again');
        continue;
      }
      count(isNewcomer ? 'frozen before it looked' : `frozen in ${outcome.frozenIn}`);
      return serving;
    }
    throw new Error('the swap was never in the middle when it was frozen');
  }

  /** Says whether the frozen one had not touched the hosts at all, and so began after the other one, by what it saw then. */
  async function expectTakenOver(outcome: Outcome, { frozen, legitimate }: Takeover): Promise<boolean> {
    const story = JSON.stringify(outcome, null, 1);
    for (const claim of outcome.claims) expect(claim, story).to.include({ swap: outcome.legitimate.id, fence: outcome.claims[0]?.fence });
    const isNewcomer = outcome.frozenIn === 'validating' && outcome.frozen.phase === 'ready';
    const last = isNewcomer ? outcome.frozen : outcome.legitimate;
    if (isNewcomer) {
      expect(outcome.frozen.previous_model, `what it looked at before it claimed: ${story}`).to.equal(legitimate);
    } else {
      expect(outcome.frozen.phase, story).to.equal('failed');
      expect(outcome.frozen.cause?.code, story).to.equal('FENCED_OFF');
      expect(outcome.frozen.serving, 'what the one that was fenced off says is serving').to.equal(legitimate);
      expect(outcome.claimsAtEnd, 'the fence files after the frozen one went on').to.deep.equal(outcome.claims);
      expectNothingLate(outcome, { frozen, legitimate });
    }
    for (const start of outcome.containers) {
      const same = outcome.containers.filter(({ host, fence }) => host === start.host && fence === start.fence);
      expect(same.length, `starts for fence ${start.fence} on ${start.host}: ${story}`).to.equal(1);
    }
    const left = await running(rig());
    expect(left.map(({ labels }) => labels['spark-control.swap'])).to.deep.equal(rivals.hosts.map(() => last.id));
    return isNewcomer;
  }

  /** By the hosts' own record, not by what anybody says. */
  function expectNothingLate(outcome: Outcome, { frozen, legitimate }: Pick<Takeover, 'frozen' | 'legitimate'>): void {
    const story = JSON.stringify(outcome, null, 1);
    const claimedAt = Math.max(...outcome.claims.map(({ at }) => at));
    for (const start of outcome.containers) {
      expect(start.swap, `whose container started: ${story}`).to.equal(start.at > claimedAt ? outcome.legitimate.id : outcome.frozen.id);
    }
    // A server whose container was ended at once may not have come so far as to be seen.
    expect(outcome.servers.at(-1), story).to.equal(legitimate);
    expect(outcome.servers.slice(0, -1).join(), story).to.be.oneOf(['', frozen]);
  }
});
