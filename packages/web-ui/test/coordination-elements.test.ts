import { expect } from 'chai';
import { ACTION_EVENT, type Action } from '../src/actions.ts';
import type { ScApp } from '../src/elements/app.ts';
import { type AppState, initialState, unpaged } from '../src/state.ts';
import {
  aCalendar,
  aDelivery,
  aHeldLock,
  aLock,
  anAuditEntry,
  anAutomation,
  anOccurrence,
  aRun,
  aSchedule,
  aWebhook,
} from './support/coordination-builders.ts';
import { useDom } from './support/dom.ts';
import { aModel, aPreflight, aStatus, iso, NOON } from './support/wire-builders.ts';

describe('the elements of coordination', () => {
  useDom(async () => {
    const { defineElements } = await import('../src/elements/define.ts');
    defineElements(customElements);
    const { manage: module } = await import('../src/manage/index.ts');
    module.define(customElements);
    manage = { module, data: module.initial() };
  });

  let manage: AppState['manage'] = null;

  let app: ScApp;
  let actions: Action[];
  const listen = (event: Event) => actions.push((event as CustomEvent<Action>).detail);

  beforeEach(() => {
    actions = [];
    app = document.createElement('sc-app') as ScApp;
    document.body.append(app);
    document.addEventListener(ACTION_EVENT, listen);
  });

  afterEach(() => {
    app.remove();
    document.removeEventListener(ACTION_EVENT, listen);
  });

  const base: AppState = {
    ...initialState({ screen: 'overview' }, NOON),
    connection: { state: 'live', lastEventAt: NOON },
    status: aStatus(),
    models: { value: [aModel('qwen3-32b'), aModel('gemma-27b')], loading: false, problem: null },
  };
  const locked = { locks: { default: { lock: aHeldLock({}, { queue: [{ holder: 'alice', since: iso(NOON - 60_000) }] }), at: 0 } } };
  const lists = (change: Partial<AppState['lists']>): Partial<AppState> => ({ lists: { ...base.lists, ...change } });
  const loaded = <T>(value: T) => ({ value, loading: false, problem: null });
  const show = (change: Partial<AppState>): void => {
    app.view = { ...base, manage, ...change };
  };
  const text = (selector: string): string => app.querySelector(selector)?.textContent ?? `(no ${selector})`;
  const click = (label: string): void => {
    const found = [...app.querySelectorAll<HTMLElement>('button')].find(
      (node) => node.textContent?.trim() === label || node.getAttribute('aria-label') === label,
    );
    if (found === undefined) throw new Error(`nothing is called ${label}`);
    found.click();
  };
  const input = (name: string): HTMLInputElement => app.querySelector<HTMLInputElement>(`[name="${name}"]`)!;
  const change = (node: HTMLElement): boolean => node.dispatchEvent(new Event('change', { bubbles: true }));

  describe('the lock', () => {
    it('shows holder, reason, countdown and line, and counts down in place', () => {
      show(locked);
      const timer = app.querySelector('[role="timer"]');
      expect(text('sc-lock')).to.contain('nightly-batch').and.to.contain('evaluation run').and.to.contain('for 1 min');
      expect(timer?.textContent).to.equal('1:00:00');
      show({ ...locked, monotonic: 61_000 });
      expect(app.querySelector('[role="timer"]')).to.equal(timer);
      expect(timer?.textContent).to.equal('58:59');
      expect(timer?.getAttribute('aria-live')).to.equal(null);
    });

    it('opens its dialogs, and acts at once where nothing can go wrong', () => {
      show(locked);
      click('Wait in line…');
      click('Break…');
      show({ ...locked, waits: { default: { holder: 'bob', position: 2 } } });
      expect(text('.lock-queue')).to.contain('You are number 2 in line');
      click('Leave the line');
      show({ ...locked, ownLocks: { default: { lockId: 'lck_1', holder: 'nightly-batch', fence: 412 } } });
      click('Renew the lock');
      click('Release');
      expect(actions).to.deep.equal([
        { kind: 'open_dialog', dialog: { kind: 'acquire', cluster: 'default' } },
        { kind: 'open_dialog', dialog: { kind: 'break', cluster: 'default' } },
        { kind: 'leave_line', cluster: 'default' },
        { kind: 'renew_lock', cluster: 'default' },
        { kind: 'release_lock', cluster: 'default' },
      ]);
    });

    it('is acquired under the name of last time, for a preset or another time', () => {
      const dialog = { kind: 'acquire', cluster: 'default' } as const;
      show({ dialog, holder: 'alice', locks: { default: { lock: aLock(), at: 0 } } });
      expect(input('holder').value).to.equal('alice');
      click('Acquire the lock');
      const other = app.querySelector<HTMLInputElement>('input[value="custom"]')!;
      other.checked = true;
      change(other);
      input('minutes').value = '7';
      input('reason').value = ' a test ';
      input('wait').checked = false;
      click('Acquire the lock');
      const asked = { kind: 'acquire_lock', cluster: 'default', holder: 'alice' };
      expect(actions).to.deep.equal([
        { ...asked, ttlSeconds: 3_600, reason: '', wait: true },
        { ...asked, ttlSeconds: 420, reason: 'a test', wait: false },
      ]);
    });

    it('is broken only with a reason, after its holder and the consequences were named', () => {
      show({ ...locked, dialog: { kind: 'break', cluster: 'default' } });
      expect(text('dialog')).to.contain('nightly-batch loses it at once, 1:00:00 before its time').and.to.contain('1 waits in line');
      const pattern = new RegExp(`^(?:${input('reason').pattern})$`);
      for (const bad of ['', 'short', '        ', ' 1234567 ', 'x'.repeat(501)]) expect(pattern.test(bad), bad).to.equal(false);
      for (const good of ['12345678', '  the host burns  ', 'x'.repeat(500)]) expect(pattern.test(good), good).to.equal(true);
      input('reason').value = ' the host burns ';
      click('Break the lock of nightly-batch');
      expect(actions).to.deep.equal([{ kind: 'break_lock', cluster: 'default', reason: 'the host burns' }]);
      show({ dialog: { kind: 'break', cluster: 'default' }, locks: { default: { lock: aLock(), at: 0 } } });
      expect(text('dialog')).to.contain('Nobody holds it any more');
    });
  });

  describe('a swap behind a lock', () => {
    const dialog = { kind: 'swap', cluster: 'default', model: 'gemma-27b' } as const;
    const state = { ...locked, dialog, preflight: loaded(aPreflight()) };

    it('says who is in the way, and offers to queue', () => {
      show(state);
      expect(text('dialog')).to.contain('nightly-batch holds the GPU').and.to.contain('evaluation run');
      click('Swap to gemma-27b');
      input('queue').checked = true;
      change(input('queue'));
      expect(input('queue_minutes').value).to.equal('90');
      click('Queue gemma-27b');
      const body = { model: 'gemma-27b', cluster: 'default' };
      expect(actions).to.deep.equal([
        { kind: 'submit_swap', body },
        { kind: 'submit_swap', body: { ...body, on_busy: 'queue', queue_seconds: 5_400 } },
      ]);
    });

    it('shows the lock of a refusal', () => {
      const lock = { holder: 'bob', reason: 'training', expires_at: iso(NOON) };
      const problem = { title: 'Locked', status: 423, detail: 'No.', code: 'LOCKED', remedy: 'Wait.', request_id: 'r', lock };
      show({ dialog, request: { busy: false, problem } });
      expect(text('[role="alert"].problem')).to.contain('Held by bob (training) until');
    });

    it('says when it runs under our own lock', () => {
      show({ ...state, ownLocks: { default: { lockId: 'lck_1', holder: 'nightly-batch', fence: 412 } } });
      expect(text('dialog')).to.contain('under the lock that you hold').and.to.not.contain('is refused');
    });
  });

  describe('the calendar', () => {
    const route = { screen: 'calendar' } as const;

    it('says how to register a schedule when there is none', () => {
      show({ route, ...lists({ calendar: loaded(aCalendar(NOON, [], [])) }) });
      expect(text('.empty pre'))
        .to.contain("curl -X PUT 'http://spark.local:9999/api/schedules/")
        .and.to.contain('"duration_seconds":5400');
      expect(app.querySelector('.strip')).to.equal(null);
    });

    it('shows the same in the strip and in words', () => {
      const items = [anOccurrence(NOON, 90), anOccurrence(NOON, 30, { schedule: 'b', title: 'Other', stale: true })];
      show({ route, ...lists({ calendar: loaded(aCalendar(NOON, items, [aSchedule()])) }) });
      expect(app.querySelectorAll('.strip-day')).to.have.length(7);
      expect(app.querySelector('.strip-day')?.getAttribute('aria-label')).to.contain('Nightly evaluation').and.to.contain('Other');
      expect(app.querySelectorAll('.strip-block')).to.have.length(2);
      expect(text('.entries')).to.contain('Nightly evaluation').and.to.contain('stale');
      const link = app.querySelector('.entries a');
      expect([link?.getAttribute('href'), link?.getAttribute('rel')]).to.deep.equal(['https://ci.local/nightly', 'noopener noreferrer']);
    });
  });

  describe('automations', () => {
    it('are switched, run and made from their list', () => {
      show({ route: { screen: 'automations' }, ...lists({ automations: loaded([anAutomation()]) }) });
      const toggle = app.querySelector<HTMLInputElement>('[role="switch"]')!;
      expect([toggle.checked, toggle.getAttribute('aria-label')]).to.deep.equal([true, 'Coding model in the morning is on']);
      toggle.checked = false;
      change(toggle);
      click('Run now: Coding model in the morning');
      click('New automation…');
      expect(actions).to.deep.equal([
        { kind: 'enable_automation', id: 'aut_01', on: false },
        { kind: 'run_automation', id: 'aut_01' },
        { kind: 'open_dialog', dialog: { kind: 'automation', id: null } },
      ]);
    });

    it('have a screen with their runs, each with its swap', () => {
      const runs = { ...unpaged<ReturnType<typeof aRun>>('aut_01'), items: [aRun()], nextCursor: 'c' };
      show({ route: { screen: 'automation', id: 'aut_01' }, ...lists({ automations: loaded([anAutomation()]), runs }) });
      expect(text('table')).to.contain('gemma-27b is ready.').and.to.contain('succeeded');
      expect(app.querySelector('table a')?.getAttribute('href')).to.equal('/swaps/swp_01');
      click('Older runs');
      click('Remove…');
      expect(actions.at(-1)).to.deep.equal({ kind: 'open_dialog', dialog: { kind: 'confirm', what: 'remove_automation', id: 'aut_01' } });
      show({ route: { screen: 'automation', id: 'aut_99' }, ...lists({ automations: loaded([]) }) });
      expect(text('main')).to.contain('No such automation');
    });

    it('are made with the fields that their action has', () => {
      show({ dialog: { kind: 'automation', id: null } });
      input('name').value = 'Warm it';
      input('cron').value = '0 7 * * 1-5';
      input('timezone').value = 'Europe/Berlin';
      const type = app.querySelector<HTMLSelectElement>('select[name="type"]')!;
      type.value = 'warm';
      change(type);
      app.querySelector<HTMLSelectElement>('select[name="model"]')!.value = 'gemma-27b';
      input('launch').checked = true;
      click('Create the automation');
      const body = { name: 'Warm it', cron: '0 7 * * 1-5', timezone: 'Europe/Berlin', missed: 'skip', lock_wait_seconds: 600 };
      expect(actions).to.deep.equal([
        { kind: 'save_automation', id: null, body: { ...body, action: { type: 'warm', model: 'gemma-27b', launch: true } } },
      ]);
      type.value = 'health_sweep';
      change(type);
      expect(input('model')).to.equal(null);
      click('Create the automation');
      expect(actions.at(-1)).to.deep.include({ body: { ...body, action: { type: 'health_sweep' } } });
    });

    it('are edited from what they are', () => {
      const action = { type: 'restart_service', service: 'parakeet-asr' };
      show({ dialog: { kind: 'automation', id: 'aut_01' }, ...lists({ automations: loaded([anAutomation({ action })]) }) });
      expect(input('service').value).to.equal('parakeet-asr');
      // Which option an attribute selects, this DOM gets wrong; what the attribute says is what counts.
      const type = app.querySelector<HTMLSelectElement>('select[name="type"]')!;
      type.value = type.querySelector('option[selected]')?.getAttribute('value') ?? '';
      click('Save');
      expect(actions[0]).to.include({ kind: 'save_automation', id: 'aut_01' });
      expect(actions[0]).to.have.deep.nested.property('body.action', action);
    });
  });

  describe('webhooks', () => {
    it('are made with the chosen events, one at least', () => {
      show({ dialog: { kind: 'webhook', id: null } });
      input('url').value = 'http://receiver.local/hook';
      const box = (event: string) => app.querySelector<HTMLInputElement>(`input[value="${event}"]`)!;
      box('swap_complete').checked = false;
      box('swap_failed').checked = false;
      click('Create the webhook');
      expect(actions).to.deep.equal([]);
      box('lock_broken').checked = true;
      input('allow_loopback').checked = true;
      click('Create the webhook');
      const body = { url: 'http://receiver.local/hook', description: null, events: ['lock_broken'], allow_loopback: true };
      expect(actions).to.deep.equal([{ kind: 'save_webhook', id: null, body }]);
    });

    it('show their secret in a dialog that no stray click closes', () => {
      show({ dialog: { kind: 'secret', url: 'http://receiver.local/hook', secret: 'whsec_abc' } });
      expect(text('.secret code')).to.equal('whsec_abc');
      expect(app.querySelector('dialog')?.getAttribute('closedby')).to.equal('closerequest');
      click('Copy secret');
      expect(actions).to.deep.equal([{ kind: 'copy', text: 'whsec_abc', what: 'secret' }]);
    });

    it('have a screen with their deliveries, which can be sent again', () => {
      const items = [aDelivery({ state: 'dead', attempts: 10, last: { at: iso(NOON), duration_ms: 5, status: 500, error: null } })];
      const deliveries = { ...unpaged<ReturnType<typeof aDelivery>>('whk_01'), items };
      show({ route: { screen: 'webhook', id: 'whk_01' }, ...lists({ webhooks: loaded([aWebhook()]), deliveries }) });
      expect(text('table')).to.contain('given up').and.to.contain('10 tries').and.to.contain('HTTP 500 (5 ms)');
      app.querySelector<HTMLElement>('table button')?.click();
      click('Test http://receiver.local:8080/hook');
      click('Rotate the secret…');
      expect(actions.map(({ kind }) => kind)).to.deep.equal(['redeliver', 'test_webhook', 'open_dialog']);
    });

    it('ask before they are removed, and say how to pause them instead', () => {
      show({ dialog: { kind: 'confirm', what: 'remove_webhook', id: 'whk_01' }, ...lists({ webhooks: loaded([aWebhook()]) }) });
      expect(text('dialog')).to.contain('http://receiver.local:8080/hook').and.to.contain('switch it off instead');
      click('Remove the webhook');
      expect(actions).to.deep.equal([{ kind: 'remove_webhook', id: 'whk_01' }]);
    });
  });

  it('the audit trail is filtered by what was done', () => {
    const audit = { ...unpaged<ReturnType<typeof anAuditEntry>>(''), items: [anAuditEntry()] };
    show({ route: { screen: 'audit' }, ...lists({ audit }) });
    expect(text('table')).to.contain('lock broken').and.to.contain('alice').and.to.contain('the host has to be rebooted');
    const select = app.querySelector<HTMLSelectElement>('main select')!;
    select.value = 'lock_broken';
    change(select);
    expect(actions).to.deep.equal([{ kind: 'filter_audit', action: 'lock_broken' }]);
  });

  it('empty lists say what to do, and failed ones offer to try again', () => {
    const empty = { automations: loaded([]), webhooks: loaded([]), audit: { ...unpaged<never>(''), items: [] } };
    for (const [screen, words] of [
      ['automations', 'every weekday at 7:00'],
      ['webhooks', 'posts a signed message'],
      ['audit', 'Nothing yet'],
    ] as const) {
      show({ route: { screen }, ...lists(empty) });
      expect(text('.empty')).to.contain(words);
      expect(app.querySelectorAll('h1')).to.have.length(1);
    }
    const problem = {
      title: 'Full',
      status: 503,
      detail: 'The disk is full.',
      code: 'STORE_UNAVAILABLE',
      remedy: 'Free some.',
      request_id: 'r',
    };
    show({ route: { screen: 'webhooks' }, ...lists({ webhooks: { value: null, loading: false, problem } }) });
    expect(text('main')).to.contain('The disk is full.');
    click('Try again');
    expect(actions).to.deep.equal([{ kind: 'reload_list' }]);
  });
});
