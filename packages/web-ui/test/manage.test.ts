import { expect } from 'chai';
import type { Operation } from '../src/wire.ts';
import { settle } from './support/controller-rig.ts';
import { useManagedPage } from './support/managed-page.ts';
import { anOperation } from './support/wire-builders.ts';

describe('the screens for managing', () => {
  const page = useManagedPage();

  const list = (...items: Operation[]) => ({ items, next_cursor: null });

  it('say that they are being fetched, and why they cannot be had', async () => {
    const { controller, draw } = page({}, {}, false);
    controller.navigate({ screen: 'operations' }, true);
    expect(draw()).to.equal('Loading…');
    await settle();
    expect(draw()).to.include('PAGE_INCOMPLETE').and.include('Reload the page.');
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
    const { controller, store, draw, asked, click } = page({
      'GET /api/operations/op_1': anOperation(),
      'POST /api/operations/op_1/cancel': anOperation({ cancel_requested_at: anOperation().created_at }),
    });
    controller.navigate({ screen: 'operation', id: 'op_1' }, true);
    await settle();
    await click('Cancel…');
    await click('Cancel it');
    expect(asked.map(({ call }) => call)).to.include('POST /api/operations/op_1/cancel');
    expect(store.get().dialog).to.equal(null);
    expect(draw()).to.include('A cancel was asked for');
  });
});
