import type { WireEndpointList, WireOperation, WirePatchPlan, WireServiceDetail, WireServiceList } from '@spark-control/schema';
import { expect } from 'chai';
import { Folders } from './support/folders.ts';
import { type Running, run } from './support/running.ts';

const SERVICES = `services:
  parakeet-asr: { kind: asr, port: 5092, container: parakeet-asr, patches: [{ name: server, source: server.py, target: /app/server.py }] }
  old: { kind: web_ui, port: 1 }
`;

describe('the services of a whole server', function () {
  this.timeout(60_000);
  let folders: Folders;
  let server: Running;
  beforeEach(async () => {
    folders = new Folders({ 'models.yaml': 'models: {}\n', 'services.yaml': SERVICES, 'server.py': 'print(1)\n' });
    server = await run(folders, { env: { DISABLED_SERVICES: 'old' } });
  });
  afterEach(async () => {
    await server.stop();
    folders.remove();
  });

  const get = async <T>(path: string): Promise<T> => (await (await fetch(`${server.url}${path}`)).json()) as T;
  const post = async <T>(path: string, body: unknown): Promise<T> => {
    const headers = { 'content-type': 'application/json' };
    return (await (await fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as T;
  };
  const over = async ({ id }: WireOperation): Promise<WireOperation> => get(`/api/operations/${id}?wait_seconds=30`);

  it('are listed, restarted and patched as simulated ones; disabled ones are endpoints only', async () => {
    const { items } = await get<WireServiceList>('/api/services');
    expect(items.map(({ key }) => key)).to.deep.equal(['parakeet-asr']);
    const endpoints = await get<WireEndpointList>('/api/endpoints');
    expect(endpoints.items.map(({ key, disabled }) => [key, disabled])).to.deep.equal([
      ['default', false],
      ['parakeet-asr', false],
      ['old', true],
    ]);
    expect(server.control.warnings.join()).to.contain('the kind web_ui of service old is called open_webui now');

    const plan = await post<WirePatchPlan>('/api/services/parakeet-asr/reapply-patches', {});
    expect(plan.files.map(({ change }) => change)).to.deep.equal(['add']);
    const begun = await post<WireOperation>('/api/services/parakeet-asr/reapply-patches', { confirm: plan.id });
    expect(await over(begun)).to.include({ kind: 'patches_apply', state: 'succeeded', cluster: 'default', simulated: true });
    expect(server.control.core.locks.views().map(({ state }) => state)).to.deep.equal(['free']);
    const after = await post<WirePatchPlan>('/api/services/parakeet-asr/reapply-patches', {});
    expect(after.blockers).to.deep.equal(['Every file is as it should be already.']);
    const { facts, state } = await get<WireServiceDetail>('/api/services/parakeet-asr');
    expect([facts?.id, state]).to.deep.equal([plan.container, 'up']);
  });
});
