import { expect } from 'chai';
import { ACTION_EVENT, type Action } from '../src/actions.ts';
import type { ScApp } from '../src/elements/app.ts';
import type { ScLog } from '../src/elements/log.ts';
import { type AppState, initialState, onLog } from '../src/state.ts';
import { emptyLog } from '../src/view-models/log-buffer.ts';
import type { Problem } from '../src/wire.ts';
import { useDom } from './support/dom.ts';
import { aCheck, aCluster, aHost, aModel, aPreflight, aSettledSwap, aStatus, aSwap, iso, NOON } from './support/wire-builders.ts';

const problem: Problem = {
  title: 'No',
  status: 409,
  detail: 'A swap is running.',
  code: 'SWAP_IN_PROGRESS',
  remedy: 'Wait.',
  request_id: 'req_7',
  swap_id: 'swp_05',
};

describe('the elements', () => {
  useDom(async () => {
    const { defineElements } = await import('../src/elements/define.ts');
    defineElements(customElements);
  });

  describe('the page', () => {
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
    const show = (change: Partial<AppState>): void => {
      app.view = { ...base, ...change };
    };
    const text = (selector: string): string => app.querySelector(selector)?.textContent ?? `(no ${selector})`;
    const click = (label: string): void => {
      const found = [...app.querySelectorAll<HTMLElement>('button, a, [role="option"]')].find((node) => node.textContent?.trim() === label);
      if (found === undefined) throw new Error(`nothing is called ${label}`);
      found.click();
    };

    it('says SIMULATED on every screen, and only then', () => {
      for (const route of [{ screen: 'overview' }, { screen: 'models' }, { screen: 'history' }, { screen: 'swap', id: 'x' }] as const) {
        show({ route, status: aStatus({ simulated: true }) });
        expect(text('.simulated-banner')).to.contain('SIMULATED');
      }
      show({});
      expect(app.querySelector('.simulated-banner')).to.equal(null);
    });

    it('has one heading of the first rank on every screen', () => {
      for (const route of [
        { screen: 'overview' },
        { screen: 'models' },
        { screen: 'history' },
        { screen: 'swap', id: 'x' },
        { screen: 'missing', path: '/x' },
      ] as const) {
        show({ route });
        expect(app.querySelectorAll('h1')).to.have.length(1);
      }
    });

    it('greys what is old and says how old', () => {
      show({ connection: { state: 'reconnecting', lastEventAt: NOON - 14_000 } });
      expect(text('.connection')).to.contain('reconnecting, last update 14 s ago');
      expect(app.querySelector('main')?.hasAttribute('data-stale')).to.equal(true);
      show({});
      expect(app.querySelector('main')?.hasAttribute('data-stale')).to.equal(false);
    });

    it('shows a host that cannot be asked as unknown, with the reason and without a bar', () => {
      const host = aHost('spark-2', { reachable: false, code: 'HOST_UNREACHABLE', reason: 'no route to host' });
      show({ status: aStatus({ hosts: [aHost('spark-1'), host] }) });
      const [, second] = app.querySelectorAll('.host');
      expect(second?.textContent).to.contain('?unknown').and.to.contain('no route to host').and.to.contain('HOST_UNREACHABLE');
      expect(second?.querySelector('.bar')).to.equal(null);
    });

    it('lets several clusters be chosen', () => {
      show({ status: aStatus({ clusters: [aCluster(), aCluster({ key: 'solo', name: 'Solo' })] }) });
      const select = app.querySelector('select');
      select!.value = 'solo';
      select?.dispatchEvent(new Event('change'));
      expect(actions).to.deep.equal([{ kind: 'choose_cluster', cluster: 'solo' }]);
    });

    it('opens the dialog of a model from its row', () => {
      show({ route: { screen: 'models' } });
      click('Load…');
      click('Unload…');
      expect(actions).to.deep.equal([
        { kind: 'open_dialog', dialog: { kind: 'swap', cluster: 'default', model: 'gemma-27b' } },
        { kind: 'open_dialog', dialog: { kind: 'unload', cluster: 'default' } },
      ]);
    });

    describe('the swap dialog', () => {
      const dialog = { kind: 'swap', cluster: 'default', model: 'gemma-27b' } as const;
      const withReport = (change: Parameters<typeof aPreflight>[0] = {}): Partial<AppState> => ({
        dialog,
        preflight: { value: aPreflight(change), loading: false, problem: null },
      });
      const input = (name: string): HTMLInputElement => app.querySelector<HTMLInputElement>(`input[name="${name}"]`)!;

      it('sends what was chosen, and keeps it over a redraw', () => {
        show(withReport());
        input('drain').value = '5';
        input('rollback').checked = false;
        input('reason').value = ' tonight ';
        show({ ...withReport(), now: NOON + 1_000 });
        click('Swap to gemma-27b');
        expect(actions).to.deep.equal([
          { kind: 'submit_swap', body: { model: 'gemma-27b', cluster: 'default', drain_seconds: 5, rollback: false, reason: 'tonight' } },
        ]);
      });

      it('offers to replace what is not ours only when that is in the way', () => {
        show(withReport());
        expect(input('replace')).to.equal(null);
        show(withReport({ ok: false, checks: [aCheck({ name: 'unmanaged', status: 'fail' })] }));
        expect(input('replace').checked).to.equal(false);
        input('replace').checked = true;
        click('Try gemma-27b anyway');
        expect(actions).to.deep.equal([{ kind: 'submit_swap', body: { model: 'gemma-27b', cluster: 'default', replace_unmanaged: true } }]);
      });

      it('shows a refusal with code, sentence, remedy and request id', () => {
        show({ ...withReport(), request: { busy: false, problem } });
        expect(text('[role="alert"].problem'))
          .to.contain('SWAP_IN_PROGRESS')
          .and.to.contain('A swap is running.')
          .and.to.contain('Wait.')
          .and.to.contain('req_7');
        expect(app.querySelector('.problem a')?.getAttribute('href')).to.equal('/swaps/swp_05');
      });

      it('names what an unload does', () => {
        show({ dialog: { kind: 'unload', cluster: 'default' } });
        click('Unload qwen3-32b');
        expect(actions).to.deep.equal([{ kind: 'submit_swap', body: { model: null, cluster: 'default' } }]);
      });

      it('copies the call as curl with the options as chosen', () => {
        show(withReport());
        input('drain').value = '0';
        click('Copy as curl');
        const [action] = actions;
        expect(action?.kind === 'copy' && action.text)
          .to.contain("'http://spark.local:9999/api/swap'")
          .and.to.contain('"drain_seconds":0');
      });
    });

    describe('the swap screen', () => {
      const route = { screen: 'swap', id: 'swp_01' } as const;

      it('marks the running step for everybody', () => {
        show({ route, swaps: { swp_01: aSwap() } });
        const current = app.querySelectorAll('ol.steps [aria-current="step"]');
        expect([...current].map((node) => node.querySelector('.step-name')?.textContent)).to.deep.equal(['loading, running']);
        expect(app.querySelector('progress')?.getAttribute('value')).to.equal('61');
      });

      it('asks before it cancels', () => {
        show({ route, swaps: { swp_01: aSwap() } });
        click('Cancel swap…');
        show({ route, swaps: { swp_01: aSwap() }, dialog: { kind: 'cancel', swap: 'swp_01' } });
        expect(text('dialog')).to.contain('qwen3-32b was stopped already and will be loaded again');
        click('Cancel the swap');
        expect(actions.at(-1)).to.deep.equal({ kind: 'cancel_swap', swap: 'swp_01' });
      });

      it('tells why it went back, with hint and last lines', () => {
        const cause = {
          code: 'MODEL_CRASHED',
          message: 'It ran out of memory.',
          hint: 'Lower the utilisation.',
          log_tail: ['CUDA out of memory'],
        };
        show({ route, swaps: { swp_01: aSettledSwap('rolled_back', { serving: 'qwen3-32b', cause }) } });
        expect(text('.outcome'))
          .to.contain('Rolled back')
          .and.to.contain('MODEL_CRASHED')
          .and.to.contain('Lower the utilisation.')
          .and.to.contain('CUDA out of memory');
      });

      it('says so when the swap of a link is not known', () => {
        show({ route, swapProblems: { swp_01: problem } });
        expect(text('main')).to.contain('SWAP_IN_PROGRESS');
        click('Try again');
        expect(actions).to.deep.equal([{ kind: 'reload_swap', swap: 'swp_01' }]);
      });
    });

    it('finds commands by typing', () => {
      show({ dialog: { kind: 'palette' } });
      const input = app.querySelector<HTMLInputElement>('[role="combobox"]')!;
      input.value = 'unload';
      input.dispatchEvent(new Event('input'));
      expect([...app.querySelectorAll('[role="option"]')].map((node) => node.firstChild?.textContent)).to.deep.equal(['Unload qwen3-32b…']);
      input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
      expect(actions.map(({ kind }) => kind)).to.deep.equal(['close_dialog', 'open_dialog']);
    });
  });

  describe('the log', () => {
    const line = (seq: number, words: string) => ({ seq, host: 'spark-1', at: iso(NOON), line: words });
    let log: ScLog;

    beforeEach(() => {
      log = document.createElement('sc-log') as ScLog;
      document.body.append(log);
    });

    afterEach(() => log.remove());

    const rows = (): string[] => [...log.querySelectorAll('.log-text')].map((node) => node.textContent ?? '');
    const give = (...words: string[]): void => {
      let state: AppState = initialState({ screen: 'overview' }, NOON);
      state = {
        ...state,
        ...onLog(
          state,
          'swp_01',
          words.map((each, at) => line(at + 1, each)),
        ),
      };
      log.view = { buffer: state.logs['swp_01'] ?? emptyLog, of: 'swap', id: 'swp_01', isOver: false };
    };

    it('adds new lines and leaves the old nodes where they are', () => {
      give('one');
      const first = log.querySelector('.log-line');
      give('one', '\u001b[33mtwo\u001b[0m');
      expect(rows()).to.deep.equal(['one', 'two']);
      expect(log.querySelector('.log-line')).to.equal(first);
    });

    it('filters, and says when nothing matches', () => {
      give('loading shard', 'ERROR boom');
      const filter = log.querySelector('input')!;
      filter.value = 'boom';
      filter.dispatchEvent(new Event('input'));
      expect(rows()).to.deep.equal(['ERROR boom']);
      filter.value = 'nowhere';
      filter.dispatchEvent(new Event('input'));
      expect(log.querySelector('.log-empty')?.textContent).to.equal('No line matches “nowhere”.');
    });

    it('is silent for screen readers until asked', () => {
      const body = log.querySelector('[role="log"]');
      expect(body?.getAttribute('aria-live')).to.equal('off');
      [...log.querySelectorAll('button')].find(({ textContent }) => textContent === 'Announce')?.click();
      expect(body?.getAttribute('aria-live')).to.equal('polite');
    });

    it('starts anew for another swap', () => {
      give('one');
      log.view = { buffer: { lines: [line(1, 'other')], dropped: 0 }, of: 'swap', id: 'swp_02', isOver: true };
      expect(rows()).to.deep.equal(['other']);
    });
  });
});
