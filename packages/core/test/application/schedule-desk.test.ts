import { expect } from 'chai';
import { MOST_SCHEDULES } from '../../src/application/schedule-desk.ts';
import {
  type Actor,
  type Automation,
  clusterKey,
  createScheduleDesk,
  isSparkError,
  type LockView,
  type Logger,
  type ModelKey,
  modelKey,
  type NewSchedule,
  SparkError,
  scheduleKey,
  silentLogger,
} from '../../src/index.ts';
import { aCluster, aModel } from '../support/builders.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MemorySchedules } from '../support/memory-schedules.ts';
import { PlainCalendar } from '../support/plain-calendar.ts';
import { aLock, aNewSchedule, anAutomation, HOUR_MS, hours, NOON } from '../support/schedule-samples.ts';

const actor: Actor = { name: 'anonymous@10.0.0.9', address: '10.0.0.9', requestId: 'req_1' };
const qwen = modelKey('qwen');

class Scene {
  readonly clock = new FakeClock(NOON);
  readonly store = new MemorySchedules();
  readonly warnings: string[] = [];
  automations: readonly Automation[] = [];
  locks: readonly LockView[] = [];
  seconds: number | null = null;
  readonly asked: (ModelKey | null)[] = [];
  readonly desk = createScheduleDesk({
    store: this.store,
    calendar: new PlainCalendar(),
    clock: this.clock,
    logger: { ...silentLogger, warn: (message) => this.warnings.push(message) } satisfies Logger,
    core: {
      clusters: [aCluster(), aCluster({ key: clusterKey('solo'), name: 'Solo' })],
      locks: { views: () => this.locks } as never,
      catalog: () => ({ revision: 1, models: [aModel('qwen')], fault: null }),
      estimate: async (_cluster, model) => {
        this.asked.push(model);
        return { p50Seconds: 60, p90Seconds: this.seconds, samples: 3 };
      },
    },
    automations: async () => this.automations,
  });

  register(id: string, over: Partial<NewSchedule> = {}) {
    return this.desk.register(aNewSchedule(id, { windows: [hours(1, 2)], ...over }), actor);
  }

  get audited(): readonly string[] {
    return this.store.audit.entries.map(({ action, target, note, actor: { name } }) => `${action} ${target} ${note} (${name})`);
  }
}

const errorOf = (promise: Promise<unknown>): Promise<SparkError> =>
  promise.then(
    () => expect.fail('it was not refused'),
    (error: unknown) => {
      if (!isSparkError(error)) throw error;
      return error;
    },
  );

describe('the schedule desk', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });

  const pathsOf = async (over: Partial<NewSchedule>, id = 'plan'): Promise<readonly string[]> => {
    const { code, details } = await errorOf(scene.register(id, over));
    expect(code).to.equal('INVALID_REQUEST');
    return (details.issues ?? []).map(({ path, code: kind }) => `${path} ${kind}`);
  };

  describe('registering', () => {
    it('keeps no more than a thousand, of which each can be registered again', async () => {
      const scene = new Scene();
      for (let index = 0; index < MOST_SCHEDULES; index += 1) await scene.register(`job-${index}`);
      const error = await errorOf(scene.register('one-more'));
      expect(error.code).to.equal('INVALID_REQUEST');
      expect(error.message).to.match(/^There are 1000 schedules already, /);
      expect((await scene.register('job-7')).isNew).to.equal(false);
    });

    it('takes a schedule, says that it is new, and gives it back', async () => {
      const { schedule, isNew, warnings } = await scene.register('plan', { model: qwen });
      expect(isNew).to.equal(true);
      expect(warnings).to.deep.equal([]);
      expect(schedule).to.deep.equal({
        ...aNewSchedule('plan', { windows: [hours(1, 2)], model: qwen }),
        registeredAt: NOON,
        createdAt: NOON,
      });
      expect(await scene.desk.registrations()).to.deep.equal([schedule]);
    });

    const cron = { cron: '0 6 * * *', durationMs: HOUR_MS, windows: [] };
    const refusals: readonly (readonly [string, Partial<NewSchedule>, readonly string[]])[] = [
      ['neither cron nor windows', { windows: [] }, ['/cron required']],
      ['a cron expression that never fires', { ...cron, cron: '0 0 30 2 *' }, ['/cron bad_cron']],
      ['a cron expression that is none', { ...cron, cron: '61 * * * *' }, ['/cron bad_cron']],
      ['an unknown zone', { ...cron, timezone: 'Europe/Atlantis' }, ['/timezone bad_timezone']],
      ['an unknown zone, also without cron', { timezone: 'Mars' }, ['/timezone bad_timezone']],
      ['both at once', { ...cron, cron: 'x', timezone: 'Mars' }, ['/cron bad_cron', '/timezone bad_timezone']],
      ['a cron expression without duration', { ...cron, durationMs: 0 }, ['/duration_seconds required']],
      ['a window that ends before it starts', { windows: [hours(2, 1)] }, ['/windows/0/end ends_before_start']],
      ['an empty window', { windows: [hours(1, 2), hours(3, 3)] }, ['/windows/1/end ends_before_start']],
      ['windows that overlap', { windows: [hours(1, 3), hours(2, 4)] }, ['/windows/1 overlap']],
      [
        'windows that overlap, in any order',
        { windows: [hours(5, 9), hours(1, 2), hours(6, 7), hours(8, 10)] },
        ['/windows/2 overlap', '/windows/3 overlap'],
      ],
      ['a URL of another scheme', { url: 'javascript:alert(1)' }, ['/url bad_url']],
      ['a file', { url: 'file:///etc/passwd' }, ['/url bad_url']],
      ['a URL with credentials', { url: 'https://ada:pw@jobs.lan/' }, ['/url bad_url']],
      ['a URL with a user', { url: 'https://ada@jobs.lan/' }, ['/url bad_url']],
      ['a URL with an empty user', { url: 'https://@jobs.lan/' }, ['/url bad_url']],
      ['a URL with a line break', { url: 'https://jobs.lan/\nx' }, ['/url bad_url']],
      ['half a URL', { url: 'jobs.lan/nightly' }, ['/url bad_url']],
      ['a URL that does not parse', { url: 'https://[::1/' }, ['/url bad_url']],
    ];
    for (const [what, over, issues] of refusals) {
      it(`refuses ${what}, with a path`, async () => {
        expect(await pathsOf(over)).to.deep.equal(issues);
        expect(await scene.desk.registrations()).to.deep.equal([]);
      });
    }

    it('takes windows that meet, and URLs of http and https', async () => {
      await scene.register('a', { windows: [hours(2, 3), hours(1, 2)] });
      for (const url of ['http://jobs.lan', 'HTTPS://jobs.lan:8443/a?b=c@d']) await scene.register('b', { url });
    });

    it('refuses an id that is no key, together with all else that is wrong', async () => {
      for (const id of ['Plan', '', 'a b', '../x', 'lock', 'unknown', 'x'.repeat(65)]) {
        expect(await pathsOf({ windows: [] }, id), id).to.deep.equal(['/path/id bad_key', '/cron required']);
      }
    });

    it('refuses an unknown cluster and names the one that was meant', async () => {
      const error = await errorOf(scene.register('plan', { cluster: clusterKey('sole') }));
      expect(error).to.include({ code: 'CLUSTER_NOT_FOUND' });
      expect(error.message).to.contain('Did you mean solo?');
    });

    it('takes a model that is not there yet, with a warning', async () => {
      const { warnings } = await scene.register('plan', { model: modelKey('qwem') });
      expect(warnings).to.deep.equal(['There is no model "qwem" in the catalog yet. Did you mean qwen?']);
      expect(scene.warnings).to.have.length(1);
    });
  });

  describe('registering again', () => {
    it('renews, keeps the time of the first, and is in the audit trail only when something changed', async () => {
      await scene.register('plan');
      await scene.clock.advance(1_000);
      const { isNew, schedule } = await scene.register('plan');
      expect(isNew).to.equal(false);
      expect(schedule).to.include({ createdAt: NOON, registeredAt: NOON + 1_000 });
      await scene.register('plan', { title: 'Other', windows: [hours(3, 4)] });
      expect(scene.audited).to.deep.equal([
        'schedule_registered plan new, by cron:nightly (anonymous@10.0.0.9)',
        'schedule_registered plan changed: title, windows (anonymous@10.0.0.9)',
      ]);
    });

    it('is refused to another owner, who learns whose it is', async () => {
      await scene.register('plan');
      const error = await errorOf(scene.register('plan', { owner: 'n8n', title: 'Mine now' }));
      expect(error).to.include({ code: 'READ_ONLY' });
      expect(error.message).to.contain('"cron:nightly"');
      expect((await scene.store.get(scheduleKey('plan')))?.title).to.equal('Plan plan');
    });

    it('lets only one of two owners have an id that both ask for at once', async () => {
      const both = await Promise.allSettled([scene.register('plan'), scene.register('plan', { owner: 'n8n' })]);
      expect(both.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected']);
      expect((await scene.store.get(scheduleKey('plan')))?.owner).to.equal('cron:nightly');
    });

    it('goes on after a write that failed', async () => {
      const save = scene.store.save.bind(scene.store);
      scene.store.save = async () => {
        throw new SparkError('STORE_UNAVAILABLE', 'full');
      };
      expect(await errorOf(scene.register('plan'))).to.include({ code: 'STORE_UNAVAILABLE' });
      scene.store.save = save;
      expect((await scene.register('plan')).isNew).to.equal(true);
    });
  });

  it('removes a schedule once, and says so in the audit trail', async () => {
    await scene.register('plan');
    await scene.desk.remove(scheduleKey('plan'), actor);
    expect(await scene.desk.registrations()).to.deep.equal([]);
    expect(scene.audited.at(-1)).to.equal('schedule_removed plan of cron:nightly (anonymous@10.0.0.9)');
    expect(await errorOf(scene.desk.remove(scheduleKey('plan'), actor))).to.include({ code: 'SCHEDULE_NOT_FOUND' });
  });

  it('calls a registration stale when it was not renewed in time', async () => {
    const { schedule } = await scene.register('plan', { expiresAfterMs: HOUR_MS });
    const { schedule: forever } = await scene.register('forever');
    await scene.clock.advance(HOUR_MS - 1);
    expect(scene.desk.isStale(schedule)).to.equal(false);
    await scene.clock.advance(1);
    expect([scene.desk.isStale(schedule), scene.desk.isStale(forever)]).to.deep.equal([true, false]);
    const { occurrences } = await scene.desk.calendar(hours(0, 24), null);
    expect(occurrences.map(({ schedule: { id }, isStale }) => [id, isStale])).to.deep.equal([
      ['forever', false],
      ['plan', true],
    ]);
    const renewed = await scene.register('plan', { expiresAfterMs: HOUR_MS });
    expect(scene.desk.isStale(renewed.schedule)).to.equal(false);
  });

  describe('its calendar', () => {
    it('shows who is in whose way: schedules, locks and automations', async () => {
      await scene.register('a', { windows: [hours(0, 4)] });
      await scene.register('b', { windows: [hours(3, 5)] });
      scene.locks = [aLock('ada', NOON + HOUR_MS)];
      scene.automations = [anAutomation('evening', { action: { type: 'swap', cluster: clusterKey('default'), model: qwen } })];
      const { occurrences, cutAt } = await scene.desk.calendar(hours(0, 24), null);
      const found = occurrences.map(({ schedule, conflicts }) => [
        schedule.id,
        conflicts.map(({ kind, with: other }) => `${kind} ${other}`),
      ]);
      expect(found).to.deep.equal([
        ['a', ['lock ada', 'automation aut_evening', 'schedule b']],
        ['b', ['automation aut_evening', 'schedule a']],
      ]);
      expect(cutAt).to.equal(null);
    });

    it('takes past loads for the length of an automation, and ten minutes where there are none', async () => {
      await scene.register('a', { windows: [hours(0, 4)] });
      scene.automations = [anAutomation('x', { action: { type: 'swap', cluster: clusterKey('default'), model: qwen } }), anAutomation('y')];
      scene.seconds = 1_800;
      const lengths = async (): Promise<readonly number[]> => {
        const { occurrences } = await scene.desk.calendar(hours(0, 24), null);
        return occurrences.flatMap(({ conflicts }) => conflicts.map(({ overlap }) => (overlap.end - overlap.start) / 1_000));
      };
      expect(await lengths()).to.deep.equal([1_800, 600]);
      scene.seconds = null;
      expect(await lengths()).to.deep.equal([600, 600]);
      expect(scene.asked).to.deep.equal([qwen, qwen]);
    });

    it('holds one cluster when one is asked for, and no lock outside the window', async () => {
      await scene.register('a');
      await scene.register('b', { cluster: clusterKey('solo') });
      await scene.register('c', { cluster: null });
      scene.locks = [aLock('ada', NOON + 24 * HOUR_MS)];
      scene.automations = [anAutomation('x', { cron: '0 13 * * *' })];
      const ids = async (cluster: string | null, from = 0) => {
        const { occurrences } = await scene.desk.calendar(hours(from, 48), cluster === null ? null : clusterKey(cluster));
        return occurrences.map(({ schedule: { id }, conflicts }) => `${id} ${conflicts.length}`);
      };
      expect(await ids(null)).to.deep.equal(['a 2', 'b 0', 'c 0']);
      expect(await ids('solo')).to.deep.equal(['b 0']);
      expect(await ids('none')).to.deep.equal([]);
      expect(await ids(null, 25)).to.deep.equal([]);
    });

    it('is cut where schedules or automations are too many to be shown', async () => {
      await scene.register('busy', { cron: '* * * * *', durationMs: 1_000, windows: [] });
      const all = await scene.desk.calendar(hours(0, 24 * 8), null);
      expect(all.occurrences).to.have.length(5_000);
      expect(all.cutAt).to.equal(NOON + 5_000 * 60_000);
      await scene.register('busy', { windows: [hours(1, 2)] });
      scene.automations = [anAutomation('often', { cron: '* * * * *' })];
      const { cutAt } = await scene.desk.calendar(hours(0, 24 * 20), null);
      // Swaps of ten minutes that begin each minute: those of the nine minutes before are still running.
      expect(cutAt).to.equal(NOON + (20_000 - 9) * 60_000);
    });
  });
});
