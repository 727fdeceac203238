import { expect } from 'chai';
import { h } from '../src/dom.ts';
import { button } from '../src/elements/parts.ts';
import { useDom } from './support/dom.ts';
import { aDisk, aFlag, aRevision, someSettings } from './support/manage-builders.ts';
import { Refusal, useManagedPage } from './support/managed-page.ts';
import { aCheck, aModel, anOperation, aPreflight } from './support/wire-builders.ts';

const list = <T>(...items: T[]) => ({ items, next_cursor: null });
const screen = { screen: 'model', id: 'gemma-27b' } as const;
const PUT = 'PUT /api/models/gemma-27b/knobs';

describe('editing a model that others edit too', () => {
  const page = useManagedPage();
  const entry = (length: number, revision: number) => ({
    ...{ items: [aModel('gemma-27b', { flags: { 'max-model-len': length } })], next_cursor: null, revision, fault: null },
  });
  const answers = (): Record<string, unknown> => ({
    'GET /api/models': entry(32_768, 12),
    'GET /api/vllm-flags': list(aFlag('max-model-len', { type: 'length' })),
    'GET /api/models/gemma-27b/history': list(aRevision(12)),
    'GET /api/models/gemma-27b/disk': aDisk(),
  });
  /** Like the server: a change names the revision that it was made from. */
  const strict = (all: Record<string, unknown>, now: () => number) => {
    const seen: unknown[] = [];
    Object.defineProperty(all, PUT, {
      get: () => {
        seen.push(now());
        return seen.length > 1
          ? aModel('gemma-27b')
          : new Refusal('STALE_REVISION', `The catalog is at revision ${now()}.`, { status: 412 });
      },
    });
    return seen;
  };

  it('saves over a change of another entry without a word', async () => {
    const all = answers();
    strict(all, () => 13);
    const { show, type, click, asked, store } = page(all);
    await show(screen);
    all['GET /api/models'] = entry(32_768, 13);
    type('input[name=max-model-len]', '65536');
    await click('Save');
    expect(asked.filter(({ call }) => call === PUT).map(({ request }) => request.headers?.['if-match'])).to.deep.equal(['"12"', '"13"']);
    expect(store.get().toasts.at(-1)?.tone).to.equal('ok');
  });

  it('keeps what was typed when the same entry has changed, and saves it over that only when told to', async () => {
    const all = answers();
    strict(all, () => 13);
    const { show, type, click, asked, app } = page(all);
    await show(screen);
    all['GET /api/models'] = entry(1_024, 13);
    type('input[name=max-model-len]', '65536');
    expect(await click('Save')).to.include('STALE_REVISION');
    const field = () => app.querySelector<HTMLInputElement>('input[name=max-model-len]')?.value;
    expect(field()).to.equal('65536');
    await click('Save mine over it');
    expect(asked.filter(({ call }) => call === PUT).map(({ request }) => request.headers?.['if-match'])).to.deep.equal(['"12"', '"13"']);
  });

  it('shows what is there now, in place of what was typed, when asked to', async () => {
    const all = answers();
    strict(all, () => 13);
    const { show, type, click, app } = page(all);
    await show(screen);
    all['GET /api/models'] = entry(1_024, 13);
    type('input[name=max-model-len]', '65536');
    await click('Save');
    expect(await click('Show what is there now')).to.not.include('Save mine over it');
    expect(app.querySelector<HTMLInputElement>('input[name=max-model-len]')?.value).to.equal('1024');
  });

  it('does not take a refusal along to another screen', async () => {
    const { show, type, click } = page({ ...answers(), [PUT]: new Refusal('READ_ONLY', 'The folder is read-only.') });
    await show(screen);
    type('input[name=max-model-len]', '1');
    expect(await click('Save')).to.include('READ_ONLY');
    expect(await show({ screen: 'add-model' })).to.not.include('READ_ONLY');
  });

  it('says so when there is no such model', async () => {
    expect(await page(answers()).show({ screen: 'model', id: 'nobody' }))
      .to.include('No model nobody')
      .and.not.include('Try again');
  });

  it('looks at the disks again when a download begins and when it ends, not at each of its steps', async () => {
    const { show, controller, asked } = page(answers());
    await show(screen);
    const event = (change = {}) => controller.onStreamEvent({ type: 'operation', data: anOperation(change) });
    const count = (): number => asked.filter(({ call }) => call.endsWith('/disk')).length;
    for (const change of [{}, {}, {}, { subject: 'another' }]) {
      event(change);
      await Promise.resolve();
    }
    expect(count()).to.equal(2);
    await show(screen);
    event({ settled: true, state: 'succeeded' });
    expect(count()).to.be.greaterThan(2);
  });

  it('swaps to it from its own screen, and fetches what is missing from the dialog', async () => {
    const hint = 'Download them first: POST /api/models/gemma-27b/download.';
    const preflight = aPreflight({ checks: [aCheck({ name: 'weights', status: 'warn', hint })] });
    const all = { ...answers(), 'POST /api/models/gemma-27b/download': anOperation(), 'GET /api/operations/op_1': anOperation() };
    const { show, click, dialog, store, bodyOf } = page(all);
    await show(screen);
    await click('Load…');
    store.set({ preflight: { value: preflight, loading: false, problem: null } });
    expect(dialog()).to.include('Swap to gemma-27b').and.not.include('POST /api');
    await click('Download the weights');
    expect(bodyOf('POST /api/models/gemma-27b/download')).to.deep.equal({ cluster: 'default' });
    expect(store.get()).to.deep.include({ route: { screen: 'operation', id: 'op_1' }, dialog: null });
  });
});

describe('screens of what is not there', () => {
  const page = useManagedPage();
  const missing = (code: string) => new Refusal(code, 'There is none.', { status: 404 });

  it('say so, and lead back', async () => {
    const { show, app } = page({
      'GET /api/services/nobody': missing('SERVICE_NOT_FOUND'),
      'GET /api/operations/op_0': missing('OPERATION_NOT_FOUND'),
    });
    expect(await show({ screen: 'service', id: 'nobody' })).to.include('No service nobody');
    expect(app.querySelector('main a.button')?.getAttribute('href')).to.equal('/services');
    expect(await show({ screen: 'operation', id: 'op_0' })).to.include('No operation op_0');
    expect(app.querySelector('main a.button')?.getAttribute('href')).to.equal('/operations');
  });

  it('say how to get a spark.yaml where there is none', async () => {
    const files = [{ name: 'spark.yaml', path: '/etc/spark.yaml', exists: false, writable: true, problem: null }];
    const { show } = page({ 'GET /api/settings': someSettings({ files }) });
    expect(await show({ screen: 'settings' })).to.include('sparkctl init');
  });
});

describe('a button whose request is under way', () => {
  useDom();

  it('keeps the focus, and does nothing', () => {
    let clicks = 0;
    const idle = button('Save', () => {
      clicks += 1;
    });
    const busy = button('Saving…', () => expect.fail('it did something'), { busy: true, class: 'primary' });
    document.body.append(h('div', null, idle, busy));
    busy.focus();
    busy.click();
    idle.click();
    expect(document.activeElement).to.equal(busy);
    expect([clicks, busy.getAttribute('aria-disabled'), idle.hasAttribute('aria-disabled'), busy.hasAttribute('busy')]).to.deep.equal([
      1,
      'true',
      false,
      false,
    ]);
  });
});
