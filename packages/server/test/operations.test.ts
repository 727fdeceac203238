import type { NewOperation, OperationContext } from '@spark-control/core';
import type { WireOperation, WireOperationList, WireStatus } from '@spark-control/schema';
import { openStore } from '@spark-control/store-adapter';
import { expect } from 'chai';
import { aDownload, aPart } from '../../core/test/support/operation-samples.ts';
import { EventReader } from '../../http-adapter/test/support/event-reader.ts';
import { Folders } from './support/folders.ts';
import { type Running, run } from './support/running.ts';

const work = (over: Partial<NewOperation> = {}): NewOperation => aDownload({ kind: 'patches_undo', subject: 'parakeet', ...over });

describe('long work of a whole server', function () {
  this.timeout(60_000);
  let folders: Folders;
  let server: Running | null = null;
  beforeEach(async () => {
    folders = new Folders();
    server = await run(folders);
  });
  afterEach(async () => {
    await server?.stop();
    folders.remove();
  });

  const running = (): Running => server ?? expect.fail('no server');
  const get = async <T>(path: string): Promise<T> => (await (await fetch(`${running().url}${path}`)).json()) as T;
  const doing = (task: (context: OperationContext) => Promise<Readonly<Record<string, never>>>, isResumable = false): void =>
    running().control.operations.register('patches_undo', { resumable: isResumable, cancellable: true, run: task });

  it('is told as it goes, and known to the next process with its audit entry', async () => {
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    doing(async ({ report, log }) => {
      log(null, 'HF_TOKEN=abc begins');
      report([aPart('spark1', { status: 'running', fraction: 0.5 })], 'half');
      await finished;
      return {};
    });
    const { id } = await running().control.operations.begin(work());
    const reader = await EventReader.open(Number(new URL(running().url).port), `/api/operations/${id}/stream`);
    await reader.until(() => reader.events.some(({ data }) => (data['progress'] as { fraction?: number } | undefined)?.fraction === 0.25));
    finish();
    await reader.ended();
    expect(reader.names.at(-1)).to.equal('settled');
    expect(reader.events.find(({ event }) => event === 'log')?.data).to.include({ line: 'HF_TOKEN=*** begins' });
    await running().stop();
    server = await run(folders);
    expect(await get<WireOperation>(`/api/operations/${id}`)).to.include({ state: 'succeeded', simulated: true });
    expect((await get<WireOperationList>('/api/operations?kind=patches_undo')).items.map((item) => item.id)).to.deep.equal([id]);
    expect((await get<WireStatus>('/api/status')).operations.map((item) => item.id)).to.deep.equal([id]);
    const audit = await get<{ items: { action: string; target: string }[] }>('/api/audit?action=weights_downloaded');
    expect(audit.items.map(({ target }) => target)).to.deep.equal(['parakeet']);
  });

  it('that still runs when the server stops is broken off, and stays for the next process', async () => {
    let reason: unknown = null;
    doing(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            reject(signal.reason);
          });
        }),
      true,
    );
    const { id } = await running().control.operations.begin(work({ exclusive: 'undo:parakeet', input: { patch: 'one' } }));
    await running().stop();
    server = null;
    expect(String(reason)).to.include('the control plane stops');
    const store = await openStore({ folder: folders.data });
    const unsettled = await store.operations.unsettled();
    await store.close();
    expect(unsettled.map(({ operation }) => operation.id)).to.deep.equal([id]);
    expect(unsettled[0]).to.deep.include({ input: { patch: 'one' }, exclusive: 'undo:parakeet' });
  });
});
