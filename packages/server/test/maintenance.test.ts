import type { WireAuditList, WireOperation, WireStatus, WireUpdatePlan } from '@spark-control/schema';
import { expect } from 'chai';
import { Folders } from './support/folders.ts';
import { type Running, run } from './support/running.ts';

describe('maintenance of the hosts of a whole server', function () {
  this.timeout(120_000);
  let folders: Folders;
  let server: Running;
  beforeEach(async () => {
    folders = new Folders();
    server = await run(folders);
  });
  afterEach(async () => {
    await server.stop();
    folders.remove();
  });

  const get = async <T>(path: string): Promise<T> => (await (await fetch(`${server.url}${path}`)).json()) as T;
  const post = async <T>(path: string, body: object, status = 202): Promise<T> => {
    const answer = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    expect(answer.status, text).to.equal(status);
    return JSON.parse(text) as T;
  };
  const settled = async ({ id }: WireOperation): Promise<WireOperation> => {
    for (;;) {
      const operation = await get<WireOperation>(`/api/operations/${id}?wait_seconds=30`);
      if (operation.settled) return operation;
    }
  };
  const plan = (host = 'spark1'): Promise<WireUpdatePlan> => get(`/api/hosts/${host}/updates`);
  const serving = async (): Promise<unknown> => (await get<WireStatus>('/api/status')).clusters[0]?.serving;

  it('updates a pair host after host, over a stop of the server, and loads its model again', async () => {
    const swap = await post<{ id: string }>('/api/swap', { model: 'small' });
    expect(await get(`/api/swap/${swap.id}?wait_seconds=60`)).to.include({ phase: 'ready' });
    const before = await plan();
    expect(before).to.include({ risk: 'caution', host: 'spark1' });
    const begun = await post<WireOperation>('/api/hosts/spark1/updates', { plan: before.id, scope: 'cluster', drain_seconds: 0 });
    for (;;) {
      const { parts } = await get<WireOperation>(`/api/operations/${begun.id}`);
      if (parts.some(({ key, status }) => key === 'spark2' && status === 'running')) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await server.stop();
    server = await run(folders);
    const over = await settled(begun);
    expect(over.cause).to.equal(null);
    expect(over).to.include({ state: 'succeeded', kind: 'host_update', simulated: true });
    expect(over.result?.['warnings']).to.deep.equal([]);
    expect(over.result).to.include({ restored: 'small' });
    expect(over.parts.every(({ status }) => status === 'done')).to.equal(true);
    expect((await plan()).packages).to.deep.equal([]);
    // The overview shows what was seen at the last look at the hosts.
    while ((await serving()) !== 'small') await new Promise((resolve) => setTimeout(resolve, 50));
    const { items } = await get<WireAuditList>('/api/audit?action=host_updated');
    expect(items.map(({ target, note }) => [target, note])).to.deep.equal([['spark1', 'spark2, spark1']]);
  });

  it('reboots a host, and refuses what was not confirmed or planned', async () => {
    await post('/api/hosts/spark2/reboot', { confirm: 'spark1' }, 422);
    await post('/api/hosts/spark2/updates', { plan: 'upd_0' }, 412);
    const over = await settled(await post<WireOperation>('/api/hosts/spark2/reboot', { confirm: 'spark2' }));
    expect(over).to.include({ state: 'succeeded', kind: 'host_reboot', subject: 'spark2' });
    expect(over.result).to.have.nested.property('hosts[0].rebooted', true);
  });
});
