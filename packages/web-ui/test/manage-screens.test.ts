import { expect } from 'chai';
import type { AppState } from '../src/state.ts';
import { aHeldLock } from './support/coordination-builders.ts';
import {
  aDisk,
  aFlag,
  aHostTest,
  anUpdatePlan,
  aPatchPlan,
  aRevision,
  aService,
  aServiceDetail,
  FINGERPRINT,
  someSettings,
} from './support/manage-builders.ts';
import { Refusal, useManagedPage } from './support/managed-page.ts';
import { aHost, aModel, anOperation, aStatus } from './support/wire-builders.ts';

const list = <T>(...items: T[]) => ({ items, next_cursor: null });

describe('the screens about hosts', () => {
  const page = useManagedPage();
  const status = aStatus({ hosts: [aHost('spark-1'), aHost('spark-2')] });

  it('list the hosts with their figures, and lead to each', async () => {
    const { show, app } = page({}, { status });
    expect(await show({ screen: 'hosts' }))
      .to.include('spark-1')
      .and.include('spark-2');
    expect([...app.querySelectorAll('main th a')].map((link) => link.getAttribute('href'))).to.deep.equal([
      '/hosts/spark-1',
      '/hosts/spark-2',
    ]);
  });

  it('say so when there is no such host', async () => {
    expect(await page({}, { status }).show({ screen: 'host', id: 'spark-9' })).to.include('No host spark-9');
  });

  it('test the way to a host, offer its key, and trust it after a comparison', async () => {
    const { show, click, dialog, bodyOf, draw } = page(
      { 'POST /api/hosts/spark-1/test': aHostTest(), 'POST /api/hosts/spark-1/trust': aHost('spark-1') },
      { status },
    );
    await show({ screen: 'host', id: 'spark-1' });
    expect(await click('Test the connection'))
      .to.include('No key is trusted yet.')
      .and.include('What to do: Compare it.')
      .and.include('not tried');
    await click('Trust this key…');
    expect(dialog()).to.include(FINGERPRINT).and.include('ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
    await click('They are the same: trust it');
    expect(bodyOf('POST /api/hosts/spark-1/trust')).to.deep.equal({ fingerprint: FINGERPRINT });
    expect(dialog()).to.equal('(no dialog)');
    expect(draw()).to.include('No key is trusted yet.');
  });

  it('show what an update would do, worst first, and carry it out under the lock of this tab', async () => {
    const operation = anOperation({ id: 'op_7', kind: 'host_update', subject: 'spark-1' });
    const own: Partial<AppState> = {
      status,
      locks: { default: { lock: aHeldLock({ fence: 412 }), at: 0 } },
      ownLocks: { default: { lockId: 'lck_mine', holder: 'me', fence: 412 } },
    };
    const { show, click, dialog, asked, store, app } = page(
      {
        'GET /api/hosts/spark-1/updates': anUpdatePlan(),
        'POST /api/hosts/spark-1/updates': operation,
        'GET /api/operations/op_7': operation,
      },
      own,
    );
    await show({ screen: 'host', id: 'spark-1' });
    expect(await click('Look for updates')).to.match(/linux-image-nvidia.*danger.*Known for errors of NCCL.*curl/);
    await click('Update…');
    expect(dialog()).to.include('I have read what is marked as danger').and.include('qwen3-32b is unloaded');
    app.querySelector<HTMLInputElement>('input[name=danger]')?.click();
    await click('Update spark-1');
    const sent = asked.find(({ call }) => call === 'POST /api/hosts/spark-1/updates')?.request;
    expect(sent?.headers).to.include({ 'x-swap-lock': 'lck_mine' });
    expect(sent?.body).to.deep.equal({
      plan: 'plan-1',
      scope: 'host',
      reboot: 'if_required',
      firmware: false,
      restore_model: true,
      accept_danger: true,
    });
    expect(store.get().route).to.deep.equal({ screen: 'operation', id: 'op_7' });
  });

  it('do not let an update with a blocker begin', async () => {
    const plan = anUpdatePlan({ blockers: ['sudo asks for a password.'] });
    const { show, click, app } = page({ 'GET /api/hosts/spark-1/updates': plan }, { status });
    await show({ screen: 'host', id: 'spark-1' });
    expect(await click('Look for updates')).to.include('sudo asks for a password.');
    const update = [...app.querySelectorAll('button')].find((node) => node.textContent === 'Update…');
    expect(update?.hasAttribute('disabled')).to.equal(true);
  });
});

describe('the screens about services', () => {
  const page = useManagedPage();
  const detail = { 'GET /api/services/parakeet-asr': aServiceDetail() };

  it('list the services, with a link that chooses the running model', async () => {
    const webui = aService({
      key: 'open-webui',
      name: 'Open WebUI',
      kind: 'open_webui',
      link: 'http://spark:12000/?models=qwen3-32b',
      actions: [],
    });
    const { show, app } = page({ 'GET /api/services': list(aService(), webui) });
    expect(await show({ screen: 'services' }))
      .to.include('Parakeet')
      .and.include('Speech to text')
      .and.include('12 ms');
    expect(app.querySelector('main td a')?.getAttribute('href')).to.equal('http://spark:12000/?models=qwen3-32b');
  });

  it('check each with a real request when asked', async () => {
    const item = {
      service: 'parakeet-asr',
      name: 'Parakeet',
      kind: 'asr',
      status: 'fail',
      detail: 'It answers with status 500.',
      latency_ms: 80,
      at: aService().checked_at,
    };
    const { show, click } = page({
      'GET /api/services': list(aService()),
      'GET /api/health/deep': { ok: false, at: aService().checked_at, items: [item] },
    });
    await show({ screen: 'services' });
    expect(await click('Check with real requests'))
      .to.include('fails')
      .and.include('It answers with status 500.');
  });

  it('show the container of a service, and read its log', async () => {
    const { show, click } = page({
      ...detail,
      'GET /api/services/parakeet-asr/logs?lines=500': {
        service: 'parakeet-asr',
        at: aService().checked_at,
        lines: ['ready', 'one request'],
      },
    });
    expect(await show({ screen: 'service', id: 'parakeet-asr' }))
      .to.include('8.0 GiB; services.yaml asks for 6.0 GiB')
      .and.include('a restart needs that of default');
    expect(await click('Read the log')).to.include('one request');
  });

  it('set and take off the memory cap', async () => {
    const { show, click, type, bodyOf, dialog } = page({ ...detail, 'PUT /api/services/parakeet-asr/memory': aServiceDetail() });
    await show({ screen: 'service', id: 'parakeet-asr' });
    await click('Memory cap…');
    type('input[name=limit]', '4096');
    await click('Set the cap');
    expect(bodyOf('PUT /api/services/parakeet-asr/memory')).to.deep.equal({ limit_mib: 4_096 });
    expect(dialog()).to.equal('(no dialog)');
  });

  it('show which files would change before patches are reapplied, and send the id of just that plan', async () => {
    const operation = anOperation({ id: 'op_9', kind: 'patches_apply', subject: 'parakeet-asr' });
    const answers: Record<string, unknown> = {
      ...detail,
      'POST /api/services/parakeet-asr/reapply-patches': aPatchPlan(),
      'GET /api/operations/op_9': operation,
    };
    const { show, click, dialog, asked, store } = page(answers);
    await show({ screen: 'service', id: 'parakeet-asr' });
    await click('Reapply patches…');
    expect(dialog()).to.include('/app/diarize.py').and.include('is replaced').and.include('as it is to be');
    answers['POST /api/services/parakeet-asr/reapply-patches'] = operation;
    await click('Go: reapply them');
    expect(asked.filter(({ call }) => call.endsWith('reapply-patches')).map(({ request }) => request.body)).to.deep.equal([
      {},
      { confirm: 'patch-plan-1' },
    ]);
    expect(store.get().route).to.deep.equal({ screen: 'operation', id: 'op_9' });
  });

  it('offer no go when nothing would change', async () => {
    const plan = aPatchPlan({ files: aPatchPlan().files.slice(1) });
    const { show, click, dialog } = page({ ...detail, 'POST /api/services/parakeet-asr/reapply-patches': plan });
    await show({ screen: 'service', id: 'parakeet-asr' });
    await click('Reapply patches…');
    expect(dialog()).to.include('nothing is left to do').and.not.include('Go: reapply them');
  });
});

describe('the screens about models', () => {
  const page = useManagedPage();
  const models = { items: [aModel('gemma-27b', { env: { HF_TOKEN: '***' } })], next_cursor: null, revision: 12, fault: null };
  const flags = [
    aFlag('max-model-len', { type: 'length' }),
    aFlag('gpu-memory-utilization', { type: 'number', minimum: 0, maximum: 1, exclusive_minimum: true }),
    aFlag('enforce-eager', { type: 'boolean', description: 'No CUDA graphs.' }),
    aFlag('trust-remote-code', { type: 'boolean', danger: 'Runs code of the repository.' }),
    aFlag('port', { managed: 'set by the cluster' }),
  ];
  const answers = (): Record<string, unknown> => ({
    'GET /api/models': models,
    'GET /api/vllm-flags': list(...flags),
    'GET /api/models/gemma-27b/history': list(aRevision(12), aRevision(9)),
    'GET /api/models/gemma-27b/disk': aDisk(),
  });
  const screen = { screen: 'model', id: 'gemma-27b' } as const;

  it('show the entry with its knobs, its weights and its history', async () => {
    const { show, app } = page(answers());
    const text = await show(screen);
    expect(text).to.include('--max-model-len').and.include('58 GiB · 900 GiB free').and.include('--max-model-len: 32768 → 65536');
    expect(text).to.include('Above 0, at most 1.');
    const offered = [...app.querySelectorAll('select[name=add-flag] option')].map((option) => option.textContent);
    expect(offered).to.deep.equal(['choose…', '--enforce-eager', '--trust-remote-code']);
  });

  it('save the knobs as a whole, typed, with the revision that was seen; a masked secret stays as it is', async () => {
    const all = answers();
    all['PUT /api/models/gemma-27b/knobs'] = aModel('gemma-27b');
    const { show, type, click, asked } = page(all);
    await show(screen);
    type('input[inputmode=decimal]', '0.8');
    await click('Remove --max-model-len');
    await click('Save');
    const sent = asked.find(({ call }) => call.startsWith('PUT'))?.request;
    expect(sent?.headers).to.deep.equal({ 'if-match': '"12"' });
    expect(sent?.body).to.deep.equal({ flags: { 'gpu-memory-utilization': 0.8 }, env: { HF_TOKEN: '***' } });
  });

  it('warn of a dangerous flag as soon as it is chosen', async () => {
    const { show, draw, app } = page(answers());
    await show(screen);
    const select = app.querySelector<HTMLSelectElement>('select[name=add-flag]')!;
    select.value = 'trust-remote-code';
    select.dispatchEvent(new Event('change', { bubbles: true }));
    expect(draw()).to.include('▲ Runs code of the repository.');
  });

  it('put what the server refuses beside its field, and keep what was typed', async () => {
    const all = answers();
    all['PUT /api/models/gemma-27b/knobs'] = new Refusal('INVALID_CATALOG', 'The catalog is not valid.', {
      status: 422,
      issues: [
        {
          path: '/flags/gpu-memory-utilization',
          code: 'out_of_range',
          message: '--gpu-memory-utilization has to be at most 1; this is 4.',
        },
      ],
    });
    const { show, type, click, app } = page(all);
    await show(screen);
    type('input[inputmode=decimal]', '4');
    expect(await click('Save')).to.include('✕ --gpu-memory-utilization has to be at most 1');
    expect(app.querySelector<HTMLInputElement>('input[inputmode=decimal]')?.value).to.equal('4');
  });

  it('begin a download, and ask before weights are deleted', async () => {
    const all = answers();
    all['POST /api/models/gemma-27b/download'] = anOperation();
    all['GET /api/operations/op_1'] = anOperation();
    all['DELETE /api/models/gemma-27b/disk?host=spark-1'] = { freed_bytes: 58 * 2 ** 30 };
    const { show, click, dialog, store, asked } = page(all);
    await show(screen);
    await click('Delete the weights on spark-1');
    expect(dialog()).to.include('58 GiB of weights are gone from that disk at once');
    await click('Delete them');
    expect(asked.map(({ call }) => call)).to.include('DELETE /api/models/gemma-27b/disk?host=spark-1');
    expect(store.get().toasts.at(-1)?.text).to.equal('58 GiB freed on spark-1.');
    await click('Download');
    expect(store.get().route).to.deep.equal({ screen: 'operation', id: 'op_1' });
  });

  it('go back to an earlier revision after a question', async () => {
    const all = answers();
    all['POST /api/models/gemma-27b/revert'] = aModel('gemma-27b');
    const { show, click, bodyOf } = page(all);
    await show(screen);
    await click('Go back to this…');
    await click('Go back');
    expect(bodyOf('POST /api/models/gemma-27b/revert')).to.deep.equal({ revision: 9 });
  });

  it('make an entry of a command that was pasted', async () => {
    const parsed = {
      form: 'vllm_serve',
      entry: { key: 'qwen3-8b', repo: 'Qwen/Qwen3-8B', flags: { 'max-model-len': 8_192 }, nodes: 2 },
      dropped: [{ words: '--port 8000', reason: 'the cluster decides it' }],
      warnings: ['HF_TOKEN is taken from the environment.'],
      issues: [],
    };
    const all = { ...answers(), 'POST /api/models/parse-command': parsed, 'POST /api/models': aModel('qwen3-8b') };
    const { show, type, submit, bodyOf, store } = page(all);
    await show({ screen: 'add-model' });
    type('textarea', 'vllm serve Qwen/Qwen3-8B --max-model-len 8192 -tp 2 --port 8000');
    expect(await submit('From a command'))
      .to.include('1 left out')
      .and.include('HF_TOKEN is taken');
    await submit('Entry');
    expect(bodyOf('POST /api/models')).to.deep.equal({
      key: 'qwen3-8b',
      repo: 'Qwen/Qwen3-8B',
      nodes: 2,
      flags: { 'max-model-len': 8_192 },
    });
    expect(store.get().route).to.deep.equal({ screen: 'model', id: 'qwen3-8b' });
  });
});

describe('the screen of settings', () => {
  const page = useManagedPage();

  it('shows every value with where it comes from, and changes those of the file', async () => {
    const { show, click, type, bodyOf, store } = page({
      'GET /api/settings': someSettings(),
      'PATCH /api/settings': someSettings({ restart_required: true }),
    });
    const text = await show({ screen: 'settings' });
    expect(text).to.include('8888').and.include('PORT').and.include('VLLM_PORT is not a port').and.include('It is read-only.');
    await click('Change port');
    type('input[name=value]', '8000');
    expect(await click('Save')).to.include('restart Spark Control to use it');
    expect(bodyOf('PATCH /api/settings')).to.deep.equal({ changes: [{ path: '/clusters/default/port', value: 8_000 }] });
    expect(store.get().toasts.at(-1)?.tone).to.equal('ok');
  });

  it('shows a refusal in the dialog', async () => {
    const refusal = new Refusal('READ_ONLY', '/etc/spark-control/spark.yaml cannot be written.');
    const { show, click, dialog } = page({ 'GET /api/settings': someSettings(), 'PATCH /api/settings': refusal });
    await show({ screen: 'settings' });
    await click('Change port');
    await click('Save');
    expect(dialog()).to.include('READ_ONLY').and.include('cannot be written');
  });
});
