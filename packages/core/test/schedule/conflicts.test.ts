import { expect } from 'chai';
import { type Automation, type Conflict, clusterKey, modelKey, type Schedule, type Span, upcomingConflicts } from '../../src/index.ts';
import { automationClaims, type Claim, DEFAULT_SWAP_MS, lockClaims } from '../../src/schedule/claims.ts';
import { withConflicts } from '../../src/schedule/conflicts.ts';
import { expand } from '../../src/schedule/expand.ts';
import { PlainCalendar } from '../support/plain-calendar.ts';
import { aLock, anAutomation, aSchedule, HOUR_MS, hours, NOON } from '../support/schedule-samples.ts';

const calendar = new PlainCalendar();
const day = hours(0, 24);
const qwen = modelKey('qwen');

const occurrencesOf = (schedules: readonly Schedule[], claims: readonly Claim[] = [], within: Span = day) =>
  withConflicts(expand(schedules, within, calendar).planned, claims, () => false);

/** The conflicts of each schedule's first time, as `kind with start-end` in hours from noon. */
function conflictsOf(schedules: readonly Schedule[], claims: readonly Claim[] = []): Readonly<Record<string, readonly string[]>> {
  const text = ({ kind, with: other, overlap }: Conflict): string =>
    `${kind} ${other} ${(overlap.start - NOON) / HOUR_MS}-${(overlap.end - NOON) / HOUR_MS}`;
  return Object.fromEntries(occurrencesOf(schedules, claims).map(({ schedule, conflicts }) => [schedule.id, conflicts.map(text)]));
}

const claimsOf = (automations: readonly Automation[], expectedMs = DEFAULT_SWAP_MS) =>
  automationClaims(automations, day, calendar, () => expectedMs).claims;

describe('conflicts between schedules', () => {
  const one = aSchedule('one', { windows: [hours(1, 3)] });

  it('name the other, and the time that both claim, on both sides', () => {
    const two = aSchedule('two', { windows: [hours(2, 5)], model: qwen, owner: 'n8n', title: 'Digest' });
    expect(conflictsOf([one, two])).to.deep.equal({ one: ['schedule two 2-3'], two: ['schedule one 2-3'] });
    const [first] = occurrencesOf([one, two]);
    expect(first?.conflicts[0]?.detail).to.equal('n8n plans qwen ("Digest")');
  });

  it('are none where one ends as the other begins', () => {
    expect(conflictsOf([one, aSchedule('two', { windows: [hours(3, 5)] })])).to.deep.equal({ one: [], two: [] });
  });

  it('are none on different clusters, or without one', () => {
    const elsewhere = aSchedule('elsewhere', { windows: [hours(1, 3)], cluster: clusterKey('solo') });
    const nowhere = aSchedule('nowhere', { windows: [hours(1, 3)], cluster: null });
    const nowhereToo = aSchedule('nowhere-too', { windows: [hours(1, 3)], cluster: null });
    const found = conflictsOf([one, elsewhere, nowhere, nowhereToo], lockClaims([aLock('x', NOON + 2 * HOUR_MS)], NOON));
    expect(found).to.deep.equal({ one: ['lock x 1-2'], elsewhere: [], nowhere: [], 'nowhere-too': [] });
  });

  it('are with itself only where its own times overlap', () => {
    const apart = aSchedule('apart', { cron: '0 */4 * * *', durationMs: 4 * HOUR_MS });
    expect(occurrencesOf([apart]).flatMap(({ conflicts }) => conflicts)).to.deep.equal([]);
    const crowded = aSchedule('crowded', { cron: '0 13,14 * * *', durationMs: 1.5 * HOUR_MS });
    expect(occurrencesOf([crowded]).map(({ conflicts }) => conflicts.map(({ with: other }) => other))).to.deep.equal([
      ['crowded'],
      ['crowded'],
    ]);
  });

  it('are found for what is stale too, which says so', () => {
    const two = aSchedule('two', { windows: [hours(2, 5)] });
    const found = withConflicts(expand([one, two], day, calendar).planned, [], ({ id }) => id === two.id);
    expect(found.map(({ isStale, conflicts }) => [isStale, conflicts.length])).to.deep.equal([
      [false, 1],
      [true, 1],
    ]);
  });
});

describe('conflicts with locks', () => {
  const plan = aSchedule('plan', { windows: [hours(-1, 3)], owner: 'cron:nightly' });

  it('last from now until the lock expires', () => {
    const claims = lockClaims([aLock('ada', NOON + 2 * HOUR_MS)], NOON);
    expect(conflictsOf([plan], claims)).to.deep.equal({ plan: ['lock ada 0-2'] });
    expect(claims[0]?.detail).to.equal('ada holds the lock until 2026-11-23T14:00:00.000Z');
  });

  it('last as long as a swap may, for a lock that ends with its swap', () => {
    expect(conflictsOf([plan], lockClaims([aLock('ada', null)], NOON)).plan).to.deep.equal([`lock ada 0-${DEFAULT_SWAP_MS / HOUR_MS}`]);
    const draining = lockClaims([aLock('ada', NOON - 5, { state: 'draining' })], NOON);
    expect(draining[0]?.detail).to.equal('ada holds the lock until its swap has settled');
  });

  it('are none where the lock is free, held elsewhere, or held by whoever planned it', () => {
    const until = NOON + HOUR_MS;
    const free = aLock('x', until, { state: 'free', lock: null });
    const locks = [free, aLock('x', until, { cluster: clusterKey('solo') }), aLock('cron:nightly', until), aLock('ci/cron:nightly', until)];
    expect(conflictsOf([plan], lockClaims(locks, NOON))).to.deep.equal({ plan: [] });
    expect(conflictsOf([plan], lockClaims([aLock('cron:nightly-2', until)], NOON)).plan).to.have.length(1);
  });
});

describe('conflicts with automations', () => {
  const plan = aSchedule('plan', { windows: [hours(2, 5)] });
  const warm = (launch: boolean): Automation =>
    anAutomation('warm', { action: { type: 'warm', cluster: clusterKey('default'), model: qwen, launch } });

  it('last as long as the swap is expected to, also of one that began before', () => {
    expect(conflictsOf([plan], claimsOf([anAutomation('unload')], HOUR_MS))).to.deep.equal({ plan: ['automation aut_unload 3-4'] });
    const early = anAutomation('early', { cron: '30 13 * * *', action: { type: 'swap', cluster: clusterKey('default'), model: qwen } });
    expect(conflictsOf([plan], claimsOf([early], HOUR_MS))).to.deep.equal({ plan: ['automation aut_early 2-2.5'] });
    expect(claimsOf([early])[0]?.detail).to.equal('Automation "early" loads qwen');
  });

  it('are only with what may swap', () => {
    expect(conflictsOf([plan], claimsOf([warm(true)])).plan).to.have.length(1);
    const others: readonly Automation[] = [
      warm(false),
      anAutomation('off', { enabled: false }),
      anAutomation('sweep', { action: { type: 'health_sweep' } }),
      anAutomation('restart', { action: { type: 'restart_service', service: 'asr' } }),
      anAutomation('snapshot', { action: { type: 'qdrant_snapshot', collection: null } }),
      anAutomation('solo', { action: { type: 'swap', cluster: clusterKey('solo'), model: null } }),
    ];
    expect(conflictsOf([plan], claimsOf(others))).to.deep.equal({ plan: [] });
  });

  it('say from when on they are not complete', () => {
    const busy = anAutomation('busy', { cron: '* * * * *' });
    const month = hours(0, 24 * 30);
    const { claims, cutAt } = automationClaims([busy], month, calendar, () => 60_000);
    expect(claims).to.have.length(20_000);
    expect(cutAt).to.equal(NOON + 20_000 * 60_000);
    expect(automationClaims([busy], day, calendar, () => 60_000).cutAt).to.equal(null);
  });
});

describe('upcomingConflicts', () => {
  const plan = aSchedule('plan', { windows: [hours(-1, 1), hours(4, 5), hours(20, 21)], model: qwen, owner: 'n8n', title: 'Digest' });
  const untitled = aSchedule('untitled', { windows: [hours(2, 3)], title: 'Backup' });
  const details = (until: number, isStale = false): readonly string[] => {
    const occurrences = withConflicts(expand([plan, untitled], day, calendar).planned, [], () => isStale);
    return upcomingConflicts(occurrences, clusterKey('default'), NOON, until).map(({ detail }) => detail);
  };

  it('say who plans what, and when, for what lasts now or begins soon', () => {
    expect(details(NOON + 5 * HOUR_MS)).to.deep.equal([
      'n8n plans qwen ("Digest") on this cluster now, until 2026-11-23T13:00:00.000Z',
      'cron:nightly plans "Backup" on this cluster at 2026-11-23T14:00:00.000Z',
      'n8n plans qwen ("Digest") on this cluster at 2026-11-23T16:00:00.000Z',
    ]);
    expect(details(NOON + HOUR_MS)).to.have.length(1);
  });

  it('say of a stale registration that it may be off', () => {
    expect(details(NOON + HOUR_MS, true)[0]).to.match(/; it was not registered again in time, so this may be off$/);
  });

  it('name the first few of many', () => {
    const busy = aSchedule('busy', { cron: '* * * * *', durationMs: 1_000 });
    const all = upcomingConflicts(occurrencesOf([busy]), clusterKey('default'), NOON, NOON + HOUR_MS);
    expect(all.map(({ occurrence }) => (occurrence.span.start - NOON) / 60_000)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('leave out other clusters and what is over', () => {
    const occurrences = occurrencesOf([plan, untitled], [], hours(-24, 24));
    expect(upcomingConflicts(occurrences, clusterKey('solo'), NOON, NOON + 24 * HOUR_MS)).to.deep.equal([]);
    expect(upcomingConflicts(occurrences, clusterKey('default'), NOON + HOUR_MS, NOON + 2 * HOUR_MS)).to.deep.equal([]);
  });
});
