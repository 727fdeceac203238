import { expect } from 'chai';
import type { Api, Page } from '../src/api.ts';
import type { AppState, Dialog } from '../src/state.ts';
import { ApiError } from '../src/transport.ts';
import type { Problem } from '../src/wire.ts';
import { rig, settle } from './support/controller-rig.ts';
import { aCalendar, aDelivery, anAuditEntry, anAutomation, aRun, aWebhook } from './support/coordination-builders.ts';
import { NOON } from './support/wire-builders.ts';

const refused: Problem = { title: 'No', status: 422, detail: 'Not a cron.', code: 'INVALID_REQUEST', remedy: 'See.', request_id: 'r' };
const fail = (): Promise<never> => Promise.reject(new ApiError(refused));
const list = <T>(items: T[], next_cursor: string | null = null) => ({ items, next_cursor });

describe('the lists', () => {
  it('are fetched for the screen that needs them, the calendar for seven days', async () => {
    const asked: string[] = [];
    const { store, controller } = rig({
      calendar: async (from, to) => {
        asked.push(`${(Date.parse(to) - Date.parse(from)) / 86_400_000} days`);
        return aCalendar(NOON, []);
      },
      automations: async () => list([anAutomation()]),
      runs: async (id, { limit }) => {
        asked.push(`${id} ${limit}`);
        return list([aRun()]);
      },
      webhooks: async () => list([aWebhook()]),
    });
    controller.navigate({ screen: 'calendar' }, true);
    controller.navigate({ screen: 'automation', id: 'aut_01' }, true);
    controller.navigate({ screen: 'webhooks' }, true);
    await settle();
    expect(asked).to.deep.equal(['7 days', 'aut_01 50']);
    const { calendar, automations, webhooks, runs } = store.get().lists;
    expect([calendar.value?.items, automations.value?.length, webhooks.value?.length, runs.items?.length]).to.deep.equal([[], 1, 1, 1]);
  });

  it('keep what they have when they cannot be fetched again', async () => {
    let works = true;
    const { store, controller } = rig({ webhooks: () => (works ? Promise.resolve(list([aWebhook()])) : fail()) });
    controller.navigate({ screen: 'webhooks' }, false);
    await settle();
    works = false;
    controller.perform({ kind: 'reload_list' });
    await settle();
    expect(store.get().lists.webhooks).to.deep.equal({ value: [aWebhook()], loading: false, problem: refused });
  });

  it('come page by page, and an answer for another filter is void', async () => {
    const asked: [string, Page][] = [];
    const answers: ((value: ReturnType<typeof list<ReturnType<typeof anAuditEntry>>>) => void)[] = [];
    const { store, controller } = rig({
      audit: (action, page) => {
        asked.push([action, page]);
        return new Promise((resolve) => answers.push(resolve));
      },
    });
    controller.navigate({ screen: 'audit' }, false);
    controller.perform({ kind: 'filter_audit', action: 'lock_broken' });
    answers[0]?.(list([anAuditEntry({ id: 99 })]));
    await settle();
    expect(store.get().lists.audit.items).to.equal(null);
    answers[1]?.(list([anAuditEntry({ id: 5 })], 'c5'));
    await settle();
    controller.perform({ kind: 'more_of_list' });
    controller.perform({ kind: 'more_of_list' });
    answers[2]?.(list([anAuditEntry({ id: 4 })]));
    await settle();
    controller.perform({ kind: 'more_of_list' });
    expect(store.get().lists.audit.items?.map(({ id }) => id)).to.deep.equal([5, 4]);
    expect(asked.map(([action, { cursor }]) => [action, cursor])).to.deep.equal([
      ['', null],
      ['lock_broken', null],
      ['lock_broken', 'c5'],
    ]);
  });

  it('are fetched again every 15 s while somebody looks, unless older pages are open', async () => {
    let asks = 0;
    const first = Array.from({ length: 50 }, (_, at) => aDelivery({ id: `dlv_${at}` }));
    const { controller, clock, store } = rig({
      webhooks: async () => list([aWebhook()]),
      deliveries: async (_id, { cursor }) => {
        asks += 1;
        return cursor === null ? list(first, 'c') : list([aDelivery({ id: 'dlv_old' })]);
      },
    });
    const pass = async (ms: number, isVisible: boolean): Promise<void> => {
      clock.now += ms;
      clock.monotonic += ms;
      controller.tick(isVisible);
      await settle();
    };
    controller.navigate({ screen: 'webhook', id: 'whk_01' }, false);
    await settle();
    await pass(14_000, true);
    await pass(20_000, false);
    expect(asks).to.equal(1);
    await pass(1_000, true);
    expect(asks).to.equal(2);
    controller.perform({ kind: 'more_of_list' });
    await settle();
    await pass(16_000, true);
    expect(asks).to.equal(3);
    expect(store.get().lists.deliveries.items).to.have.length(51);
  });
});

describe('automations and webhooks', () => {
  const body = { name: 'Morning', cron: '0 7 * * *', action: { type: 'health_sweep' } } as const;
  const target = { url: 'http://receiver.local/hook', events: ['swap_complete'] as const };
  const open = (dialog: Dialog): Partial<AppState> => ({ dialog, route: { screen: 'automations' } });
  const quiet: Partial<Api> = { automations: async () => list([anAutomation()]), webhooks: async () => list([aWebhook()]) };

  it('are made and changed from a dialog, which shows a refusal and stays open', async () => {
    const calls: unknown[] = [];
    const made = rig(
      {
        ...quiet,
        createAutomation: async (...call) => {
          calls.push(call);
          return anAutomation({ name: 'Morning' });
        },
        changeAutomation: fail,
      },
      open({ kind: 'automation', id: null }),
    );
    made.controller.perform({ kind: 'save_automation', id: null, body });
    made.controller.perform({ kind: 'save_automation', id: null, body });
    await settle();
    expect(calls).to.deep.equal([[body, 'key-1']]);
    expect(made.store.get().dialog).to.equal(null);
    expect(made.store.get().lists.automations.value).to.have.length(1);
    made.controller.perform({ kind: 'open_dialog', dialog: { kind: 'automation', id: 'aut_01' } });
    made.controller.perform({ kind: 'save_automation', id: 'aut_01', body });
    await settle();
    expect(made.store.get().request.problem).to.equal(refused);
    expect(made.store.get().dialog).to.deep.equal({ kind: 'automation', id: 'aut_01' });
  });

  it('are switched, run and tested by a button that stays busy until the answer has come', async () => {
    const calls: unknown[] = [];
    const answers: ((delivery: ReturnType<typeof aDelivery>) => void)[] = [];
    const { store, controller } = rig({
      ...quiet,
      changeAutomation: async (...call) => {
        calls.push(call);
        return anAutomation();
      },
      runAutomation: async (id) => {
        calls.push(id);
        return aRun();
      },
      testWebhook: () => new Promise((resolve) => answers.push(resolve)),
      changeWebhook: fail,
    });
    controller.perform({ kind: 'enable_automation', id: 'aut_01', on: false });
    controller.perform({ kind: 'run_automation', id: 'aut_01' });
    controller.perform({ kind: 'test_webhook', id: 'whk_01' });
    controller.perform({ kind: 'test_webhook', id: 'whk_01' });
    await settle();
    expect(calls).to.deep.equal([['aut_01', { enabled: false }], 'aut_01']);
    expect(store.get().busy).to.deep.equal(['test/whk_01']);
    expect(answers).to.have.length(1);
    answers[0]?.(aDelivery({ state: 'pending', last: { at: '', duration_ms: 3, status: 500, error: null } }));
    await settle();
    expect(store.get().busy).to.deep.equal([]);
    expect(store.get().toasts.at(-1)).to.deep.include({ tone: 'bad', text: 'Test not delivered: HTTP 500 (3 ms)' });
    controller.perform({ kind: 'enable_webhook', id: 'whk_01', on: true });
    await settle();
    expect(store.get().toasts.at(-1)?.text).to.equal('INVALID_REQUEST: Not a cron.');
  });

  it('show a secret once, and nowhere else in the page', async () => {
    const { store, controller } = rig(
      {
        ...quiet,
        createWebhook: async () => ({ ...aWebhook(), secret: 'whsec_1' }),
        rotateSecret: async () => ({ ...aWebhook(), secret: 'whsec_2' }),
      },
      { ...open({ kind: 'webhook', id: null }), route: { screen: 'webhooks' } },
    );
    controller.perform({ kind: 'save_webhook', id: null, body: { ...target, events: [...target.events] } });
    await settle();
    expect(store.get().dialog).to.deep.equal({ kind: 'secret', url: aWebhook().url, secret: 'whsec_1' });
    controller.perform({ kind: 'close_dialog' });
    expect(JSON.stringify(store.get())).to.not.contain('whsec');
    controller.perform({ kind: 'open_dialog', dialog: { kind: 'confirm', what: 'rotate_secret', id: 'whk_01' } });
    controller.perform({ kind: 'rotate_secret', id: 'whk_01' });
    await settle();
    expect(store.get().dialog).to.deep.include({ kind: 'secret', secret: 'whsec_2' });
  });

  it('are removed after a question, and the page goes back to the list', async () => {
    const calls: string[] = [];
    const gone = async (id: string) => {
      calls.push(id);
      return null;
    };
    const { store, controller, paths } = rig({ ...quiet, removeAutomation: gone, removeWebhook: gone, redeliver: async () => aDelivery() });
    controller.perform({ kind: 'open_dialog', dialog: { kind: 'confirm', what: 'remove_automation', id: 'aut_01' } });
    controller.perform({ kind: 'remove_automation', id: 'aut_01' });
    await settle();
    controller.perform({ kind: 'remove_webhook', id: 'whk_01' });
    await settle();
    expect(calls).to.deep.equal(['aut_01', 'whk_01']);
    expect(paths).to.deep.equal(['/automations', '/webhooks']);
    controller.perform({ kind: 'redeliver', delivery: 'dlv_01' });
    await settle();
    expect(store.get().toasts.at(-1)?.text).to.equal('Sent again');
  });

  it('leave another dialog alone that was opened while they were asked', async () => {
    const answers: ((error: Error) => void)[] = [];
    const { store, controller } = rig(
      { createAutomation: () => new Promise((_, reject) => answers.push(reject)) },
      open({ kind: 'automation', id: null }),
    );
    controller.perform({ kind: 'save_automation', id: null, body });
    controller.perform({ kind: 'open_dialog', dialog: { kind: 'help' } });
    answers[0]?.(new ApiError(refused));
    await settle();
    expect(store.get().request.problem).to.equal(null);
    expect(store.get().dialog).to.deep.equal({ kind: 'help' });
    expect(store.get().toasts.at(-1)?.text).to.equal('Not a cron.');
  });
});
