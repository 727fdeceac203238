import { WEBHOOK_EVENTS } from '@spark-control/schema';
import { expect } from 'chai';
import { type AppState, initialState, type Lists, unpaged } from '../src/state.ts';
import { auditView } from '../src/view-models/audit.ts';
import { actionWords, automationDialogView, automationsView, automationView } from '../src/view-models/automation.ts';
import { EVENTS, tryWords, webhookDialogView, webhooksView, webhookView } from '../src/view-models/webhook.ts';
import { aDelivery, anAuditEntry, anAutomation, aRun, aWebhook } from './support/coordination-builders.ts';
import { aModel, iso, NOON } from './support/wire-builders.ts';

const withLists = (lists: Partial<Lists>, change: Partial<AppState> = {}): AppState => {
  const state = initialState({ screen: 'overview' }, NOON);
  return { ...state, lists: { ...state.lists, ...lists }, ...change };
};
const loaded = <T>(value: T) => ({ value, loading: false, problem: null });

describe('automations', () => {
  const row = (change: Parameters<typeof anAutomation>[0], state: Partial<AppState> = {}) =>
    automationsView(withLists({ automations: loaded([anAutomation(change)]) }, state)).rows?.[0];

  it('say what they do, when next, and what came of the last run', () => {
    expect(row({})).to.deep.include({ what: 'Swap to gemma-27b on default', enabled: true, isRunBusy: false });
    expect(row({})?.next).to.match(/^in 3 h, /);
    expect(row({ enabled: false })?.next).to.equal('switched off');
    expect(row({ next_run_at: null })?.next).to.equal('never');
    expect(row({ next_run_at: iso(NOON - 1) })?.next).to.match(/^now, /);
    expect(row({})?.last?.mark.word).to.equal('succeeded');
    expect(row({ last_run: null })?.last).to.equal(null);
    expect(row({}, { busy: ['run/aut_01'] })?.isRunBusy).to.equal(true);
    expect(row({ missed: 'run_once', lock_wait_seconds: 0 })?.policy).to.equal('A missed run is made up for once; waits 0 s for the lock.');
  });

  for (const [action, words] of [
    [{ type: 'swap', model: null, cluster: 'solo' }, 'Unload on solo'],
    [{ type: 'warm', model: 'gemma-27b', launch: true }, 'Warm gemma-27b, loading it if need be'],
    [{ type: 'restart_service', service: 'parakeet-asr' }, 'Restart parakeet-asr'],
    [{ type: 'health_sweep' }, 'Check the health of everything'],
    [{ type: 'qdrant_snapshot', collection: 'notes' }, 'Snapshot of notes'],
    [{ type: 'qdrant_snapshot', collection: null }, 'Snapshot of every collection'],
    [
      { type: 'qdrant_snapshot', collection: 'notes', keep_count: 7, keep_days: 1 },
      'Snapshot of notes, keeps the newest 7 and those of 1 day',
    ],
    [{ type: 'something_new' }, 'something_new'],
  ] as const) {
    it(`read ${JSON.stringify(action)} as “${words}”`, () => expect(actionWords(action)).to.equal(words));
  }

  it('show the runs of their own screen only', () => {
    const runs = {
      ...unpaged<ReturnType<typeof aRun>>('aut_01'),
      items: [aRun(), aRun({ id: 'run_02', outcome: null, settled_at: null })],
      nextCursor: 'c',
    };
    const state = withLists({ automations: loaded([anAutomation()]), runs });
    expect(automationView(state, 'aut_01').runs?.map(({ mark }) => mark.word)).to.deep.equal(['succeeded', 'running']);
    expect(automationView(state, 'aut_01')).to.deep.include({ hasMore: true, isKnown: true });
    expect(automationView(state, 'aut_99')).to.deep.include({ row: null, isKnown: true, runs: null, hasMore: false });
  });

  it('say of a run who began it, and when it was late', () => {
    const by = (change: Parameters<typeof aRun>[0]) => {
      const runs = { ...unpaged<ReturnType<typeof aRun>>('aut_01'), items: [aRun(change)] };
      return automationView(withLists({ runs }), 'aut_01').runs?.[0]?.by;
    };
    expect(by({})).to.equal('by the clock');
    expect(by({ started_at: iso(NOON - 3_600_000) })).to.match(/^planned for /);
    expect(by({ scheduled_for: null, started_by: 'alice' })).to.equal('by alice');
  });

  it('are edited from what they are; a model that left the catalog stays their model', () => {
    const models = loaded([aModel('qwen3-32b')]);
    const state = withLists({ automations: loaded([anAutomation()]) }, { models });
    expect(automationDialogView(state, 'aut_01', 'UTC').models).to.deep.equal(['gemma-27b', 'qwen3-32b']);
    expect(automationDialogView(state, 'aut_01', 'UTC').start).to.deep.include({ timezone: 'Europe/Berlin', cron: '0 7 * * 1-5' });
    expect(automationDialogView(state, null, 'Europe/Oslo').start).to.deep.include({
      timezone: 'Europe/Oslo',
      enabled: true,
      missed: 'skip',
    });
  });
});

describe('webhooks', () => {
  const row = (change: Parameters<typeof aWebhook>[0]) => webhooksView(withLists({ webhooks: loaded([aWebhook(change)]) })).rows?.[0];

  it('may listen for all that the schema knows', () => expect(EVENTS).to.deep.equal(WEBHOOK_EVENTS));

  it('say whether they are on, and why not', () => {
    expect(row({})?.mark).to.include({ tone: 'ok', word: 'on' });
    expect(row({ dead: 2 })).to.deep.include({ counts: '0 on the way, 2 given up', hasDead: true });
    expect(row({ dead: 2 })?.mark.tone).to.equal('warn');
    expect(row({ enabled: false })?.mark).to.include({ tone: 'none', word: 'off' });
    expect(row({ enabled: false, disabled_reason: '410 Gone' })).to.deep.include({ disabledReason: '410 Gone' });
    expect(row({ enabled: false, disabled_reason: '410 Gone' })?.mark.tone).to.equal('bad');
  });

  it('show what was sent, how it went and when it is tried again', () => {
    const items = [
      aDelivery(),
      aDelivery({
        id: 'dlv_02',
        state: 'pending',
        attempts: 2,
        next_attempt_at: iso(NOON + 300_000),
        last: { at: iso(NOON), duration_ms: 9, status: 500, error: null },
      }),
      aDelivery({ id: 'dlv_03', state: 'pending', attempts: 0, next_attempt_at: iso(NOON - 1), last: null }),
    ];
    const state = withLists({ webhooks: loaded([aWebhook()]), deliveries: { ...unpaged<ReturnType<typeof aDelivery>>('whk_01'), items } });
    const rows = webhookView(state, 'whk_01').deliveries;
    expect(rows?.map(({ attempts, last, next }) => [attempts, last, next])).to.deep.equal([
      ['1 try', 'HTTP 200 (35 ms)', ''],
      ['2 tries', 'HTTP 500 (9 ms)', 'next try in 5 min'],
      ['0 tries', '', 'next try now'],
    ]);
    expect(rows?.map(({ canResend }) => canResend)).to.deep.equal([true, true, false]);
    expect(rows?.[0]?.body).to.contain('"sequence": 7');
    expect(webhookView(state, 'whk_02').deliveries).to.equal(null);
  });

  it('say how a test went', () => {
    expect(tryWords(aDelivery())).to.equal('delivered: HTTP 200 (35 ms)');
    const last = { at: iso(NOON), duration_ms: 15_000, status: null, error: 'no answer within 15 s' };
    expect(tryWords(aDelivery({ state: 'pending', last }))).to.equal('not delivered: no answer within 15 s (15000 ms)');
    expect(tryWords(aDelivery({ state: 'pending', attempts: 0, last: null }))).to.equal('not tried yet');
  });

  it('are edited from what they are', () => {
    const state = withLists({ webhooks: loaded([aWebhook()]) });
    expect(webhookDialogView(state, 'whk_01').start).to.deep.include({ events: ['swap_complete', 'lock_broken'], description: 'OpenClaw' });
    expect(webhookDialogView(state, null).start).to.deep.include({ url: '', events: ['swap_complete', 'swap_failed'] });
  });
});

describe('the audit trail', () => {
  it('says who did what to what, from where and why', () => {
    const audit = { ...unpaged<ReturnType<typeof anAuditEntry>>(''), items: [anAuditEntry()] };
    expect(auditView(withLists({ audit })).rows?.[0]).to.deep.include({
      actor: 'alice',
      from: '10.0.0.7 · req_9',
      action: 'lock broken',
      target: 'nightly-batch',
      fence: 'fence 412',
      note: 'the host has to be rebooted',
    });
  });

  it('shows nothing of another filter as if it were of this one', () => {
    const audit = { ...unpaged<ReturnType<typeof anAuditEntry>>(''), items: [anAuditEntry()], nextCursor: 'c' };
    expect(auditView(withLists({ audit }, { auditFilter: 'lock_renewed' }))).to.deep.include({ rows: null, hasMore: false });
  });
});
