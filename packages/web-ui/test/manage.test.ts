import { expect } from 'chai';
import { ACTION_EVENT, type Action } from '../src/actions.ts';
import type { ScApp } from '../src/elements/app.ts';
import type { ManageModule } from '../src/manage/contract.ts';
import type { Operation } from '../src/wire.ts';
import { rig, settle } from './support/controller-rig.ts';
import { useDom } from './support/dom.ts';
import { anOperation, aStatus } from './support/wire-builders.ts';

describe('the screens for managing', () => {
  let module: ManageModule;
  useDom(async () => {
    const { defineElements } = await import('../src/elements/define.ts');
    defineElements(customElements);
    module = (await import('../src/manage/index.ts')).manage;
    module.define(customElements);
  });

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

  /** A page with scripted answers by path; what was asked is written down. */
  function page(answers: Readonly<Record<string, unknown>>) {
    const asked: string[] = [];
    const opened: { url: string; tell: (type: string, data: unknown) => void; isOpen: boolean }[] = [];
    const parts = rig({}, { status: aStatus() }, module, {
      call: async (path, { method = 'GET' } = {}) => {
        asked.push(`${method} ${path}`);
        const answer = answers[`${method} ${path}`];
        if (answer === undefined) throw new Error(`unexpected ${method} ${path}`);
        return answer as never;
      },
      openStream: (url, tell) => {
        const one = { url, tell, isOpen: true };
        opened.push(one);
        return () => {
          one.isOpen = false;
        };
      },
    });
    const draw = (): string => {
      app.view = parts.store.get();
      return app.querySelector('main')?.textContent ?? '';
    };
    return { ...parts, asked, opened, draw };
  }

  const list = (...items: Operation[]) => ({ items, next_cursor: null });

  it('say that they are being fetched, and why they cannot be had', async () => {
    const { controller, store } = rig({}, { status: aStatus() });
    controller.navigate({ screen: 'operations' }, true);
    app.view = store.get();
    expect(app.querySelector('main')?.textContent).to.equal('Loading…');
    await settle();
    app.view = store.get();
    expect(app.querySelector('main [role=alert]')?.textContent).to.include('PAGE_INCOMPLETE').and.include('Reload the page.');
  });

  it('list the operations, and move with the events of the stream', async () => {
    const { controller, draw } = page({ 'GET /api/operations?limit=50': list(anOperation()) });
    controller.navigate({ screen: 'operations' }, true);
    await settle();
    expect(draw()).to.include('Download the weights of gemma-27b').and.include('12 of 31 GiB · 110 MiB/s · 3 min left');
    controller.onStreamEvent({ type: 'operation', data: anOperation({ id: 'op_2', kind: 'host_reboot', subject: 'spark2' }) });
    expect(draw()).to.match(/Reboot spark2.*Download the weights/);
  });

  it('never let a late answer undo the end of an operation', async () => {
    const over = anOperation({ settled: true, state: 'succeeded', settled_at: anOperation().created_at });
    const { controller, draw } = page({ 'GET /api/operations?limit=50': list(over) });
    controller.navigate({ screen: 'operations' }, true);
    await settle();
    controller.onStreamEvent({ type: 'operation', data: anOperation() });
    expect(draw()).to.include('done').and.not.include('running');
  });

  it('show one operation with its parts and its output, for as long as it is on screen', async () => {
    const { controller, draw, opened } = page({ 'GET /api/operations/op_1': anOperation() });
    controller.navigate({ screen: 'operation', id: 'op_1' }, true);
    await settle();
    opened[0]?.tell('log', { seq: 1, host: 'spark1', at: anOperation().created_at, line: 'Fetching 12 files' });
    expect(draw()).to.include('spark1: downloading').and.include('Fetching 12 files');
    expect(opened[0]).to.include({ url: '/api/operations/op_1/stream', isOpen: true });
    controller.navigate({ screen: 'operations' }, true);
    await settle();
    expect(opened[0]?.isOpen).to.equal(false);
  });

  it('ask before an operation is cancelled', async () => {
    const { controller, store, draw, asked } = page({
      'GET /api/operations/op_1': anOperation(),
      'POST /api/operations/op_1/cancel': anOperation({ cancel_requested_at: anOperation().created_at }),
    });
    controller.navigate({ screen: 'operation', id: 'op_1' }, true);
    await settle();
    draw();
    for (const label of ['Cancel…', 'Cancel it']) {
      [...app.querySelectorAll('button')].find((node) => node.textContent === label)?.click();
      for (const action of actions.splice(0)) controller.perform(action);
      draw();
    }
    await settle();
    expect(asked).to.include('POST /api/operations/op_1/cancel');
    expect(store.get().dialog).to.equal(null);
    expect(draw()).to.include('A cancel was asked for');
  });
});
