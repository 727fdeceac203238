import { expect } from 'chai';
import { aServiceDetail } from './support/manage-builders.ts';
import { useManagedPage } from './support/managed-page.ts';
import { anOperation } from './support/wire-builders.ts';

const list = <T>(...items: T[]) => ({ items, next_cursor: null });
const screen = { screen: 'service', id: 'qdrant' } as const;
const NAME = 'documents-2026.snapshot';

describe('the screen of a vector store', () => {
  const page = useManagedPage();
  const one = { name: NAME, bytes: 687 * 1_024, created_at: aServiceDetail().checked_at, checksum: null };
  const answers = (): Record<string, unknown> => ({
    'GET /api/services/qdrant': aServiceDetail({ key: 'qdrant', name: 'Qdrant', kind: 'qdrant', lock: null, actions: ['snapshots'] }),
    'GET /api/qdrant/collections?service=qdrant': list(
      { name: 'documents', points: 12_480, status: 'green', vector_size: 768 },
      { name: 'half', points: null, status: 'purple', vector_size: null },
    ),
    'GET /api/qdrant/snapshots?service=qdrant': list(
      { ...one, collection: 'documents' },
      { ...one, collection: null, name: 'full.snapshot' },
      { ...one, collection: 'half', name: 'nothing.snapshot', bytes: 0 },
    ),
    'GET /api/operations/op_1': anOperation({ kind: 'vector_snapshot', subject: 'qdrant' }),
  });

  it('shows what is in it and what there is of it, with a way back only from what can be put back', async () => {
    const { show, app } = page(answers());
    expect(await show(screen))
      .to.include('12,480')
      .and.include('768 dimensions')
      .and.include('purple')
      .and.include('whole storage');
    const buttons = [...app.querySelectorAll('.snapshots button')].map((node) => node.getAttribute('aria-label'));
    expect(buttons).to.deep.equal([
      `Restore… documents from ${NAME}`,
      `Delete… ${NAME}`,
      'Delete… full.snapshot',
      'Delete… nothing.snapshot',
    ]);
  });

  it('asks nothing about collections of a service that is none', async () => {
    const { show, asked } = page({ 'GET /api/services/parakeet-asr': aServiceDetail() });
    await show({ screen: 'service', id: 'parakeet-asr' });
    expect(asked.map(({ call }) => call)).to.deep.equal(['GET /api/services/parakeet-asr']);
  });

  const wishes = [
    ['every collection', '', {}],
    ['one', 'documents', { collection: 'documents' }],
    ['the whole storage', '/', { storage: true }],
  ] as const;
  for (const [what, value, expected] of wishes) {
    it(`takes snapshots of ${what}, and says how many are kept`, async () => {
      const { show, click, type, bodyOf, app, store } = page({
        ...answers(),
        'POST /api/qdrant/snapshots': anOperation({ kind: 'vector_snapshot' }),
      });
      await show(screen);
      await click('Take snapshots…');
      const select = app.querySelector<HTMLSelectElement>('dialog select');
      if (select !== null) select.value = value;
      type('input[name=keep_count]', '7');
      await click('Take them');
      expect(bodyOf('POST /api/qdrant/snapshots')).to.deep.equal({ service: 'qdrant', ...expected, keep_count: 7 });
      expect(store.get().route).to.deep.equal({ screen: 'operation', id: 'op_1' });
    });
  }

  it('restores only once the name of the collection was typed, and sends what was typed', async () => {
    const all = { ...answers(), 'POST /api/qdrant/restore': anOperation({ kind: 'vector_restore' }) };
    const { show, click, type, bodyOf, dialog } = page(all);
    await show(screen);
    await click(`Restore… documents from ${NAME}`);
    type('input[name=confirm]', 'document');
    await click('Restore documents');
    expect(bodyOf('POST /api/qdrant/restore')).to.equal(undefined);
    expect(dialog()).to.include('Type documents to go on');
    type('input[name=confirm]', 'documents');
    await click('Restore documents');
    expect(bodyOf('POST /api/qdrant/restore')).to.deep.equal({
      service: 'qdrant',
      collection: 'documents',
      snapshot: NAME,
      confirm: 'documents',
    });
  });

  it('deletes a snapshot after a question, of a collection or of the whole storage', async () => {
    const all = answers();
    all[`DELETE /api/qdrant/snapshots/${NAME}?service=qdrant&collection=documents`] = null;
    all['DELETE /api/qdrant/snapshots/full.snapshot?service=qdrant'] = null;
    const { show, click, dialog, asked, store } = page(all);
    await show(screen);
    await click(`Delete… ${NAME}`);
    expect(dialog()).to.include('documents cannot be put back to it any more');
    await click('Delete it');
    await click('Delete… full.snapshot');
    await click('Delete it');
    expect(asked.filter(({ call }) => call.startsWith('DELETE'))).to.have.length(2);
    expect(asked.filter(({ call }) => call.startsWith('GET /api/qdrant/snapshots'))).to.have.length(3);
    expect(store.get().toasts).to.have.length(2);
  });

  it('says what to do by hand for the whole storage, with each command to be copied', async () => {
    const guide = {
      service: 'qdrant',
      snapshot: null,
      steps: [
        { text: 'Stop Qdrant.', command: 'docker stop qdrant' },
        { text: 'Look.', command: null },
      ],
    };
    const { show, click, dialog, app } = page({ ...answers(), 'GET /api/qdrant/storage-restore?service=qdrant': guide });
    await show(screen);
    await click('Restore the whole storage…');
    expect(dialog()).to.include('Stop Qdrant.docker stop qdrantCopyLook.');
    expect(app.querySelectorAll('dialog [aria-label="Copy command"]')).to.have.length(1);
  });

  it('looks anew when the work on it has ended', async () => {
    const { show, controller, asked } = page(answers());
    await show(screen);
    const count = (): number => asked.filter(({ call }) => call.startsWith('GET /api/qdrant/snapshots')).length;
    controller.onStreamEvent({ type: 'operation', data: anOperation({ kind: 'vector_snapshot', subject: 'qdrant' }) });
    expect(count()).to.equal(1);
    const over = anOperation({ kind: 'vector_snapshot', subject: 'qdrant', settled: true, state: 'succeeded' });
    controller.onStreamEvent({ type: 'operation', data: over });
    expect(count()).to.equal(2);
  });
});
