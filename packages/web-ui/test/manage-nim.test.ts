import { expect } from 'chai';
import { nimBody } from '../src/manage/view-models/nim.ts';
import type { NimImage } from '../src/wire.ts';
import { aService } from './support/manage-builders.ts';
import { Refusal, useManagedPage } from './support/managed-page.ts';
import { anOperation } from './support/wire-builders.ts';

const list = <T>(...items: T[]) => ({ items, next_cursor: null });
const QWEN: NimImage = {
  repository: 'nim/qwen/qwen3-32b-dgx-spark',
  title: 'Qwen3 32B',
  kind: 'openai',
  architectures: ['arm64'],
  disk_gib_min: 10,
  disk_gib_max: 50,
  note: 'Made for the DGX Spark.',
};

describe('the services screen', () => {
  const page = useManagedPage();
  const answers = (): Record<string, unknown> => ({
    'GET /api/services': list(aService({ name: 'Qdrant', kind: 'qdrant' })),
    'GET /api/endpoints': list(
      endpoint('default', 'Spark pair', 'vllm', 'http://192.168.1.50:8888', 'qwen3-32b'),
      endpoint('nim', 'NIM', 'openai', 'http://192.168.1.50:8001/v1', null),
      { ...endpoint('kokoro', 'Kokoro', 'tts', 'http://192.168.1.50:8880', null), disabled: true },
    ),
    'GET /api/nim/images': list(QWEN),
    'GET /api/operations/op_1': anOperation(),
  });
  const endpoint = (key: string, name: string, kind: string, url: string, model: string | null) => ({
    ...{ key, name, kind, url, model, health_url: null, cluster: 'default', disabled: false },
  });

  it('says where everything answers, as a client wants it, and what is disabled', async () => {
    const { show, app } = page(answers());
    const text = await show({ screen: 'services' });
    expect(text).to.include('Kokorodisabled').and.not.include('QdrantQdrant');
    expect([...app.querySelectorAll('.endpoints td code')].map((code) => code.textContent)).to.deep.equal([
      'http://192.168.1.50:8888/v1',
      'http://192.168.1.50:8001/v1',
      'http://192.168.1.50:8880',
    ]);
  });

  it('installs a NIM and becomes a service, with the key in the request and nowhere else', async () => {
    const { show, click, type, bodyOf, dialog, app, store } = page({ ...answers(), 'POST /api/nim/install': anOperation() });
    await show({ screen: 'services' });
    await click('Install a NIM…');
    expect(dialog()).to.include('It takes 10 to 50 GiB of disk. Made for arm64.').and.include('stays readable');
    expect(app.querySelector('input[name=ngc_api_key]')?.getAttribute('type')).to.equal('password');
    type('input[name=registry]', 'registry.local:5000/');
    type('input[name=ngc_api_key]', 'nvapi-canary');
    await click('Install it');
    expect(bodyOf('POST /api/nim/install')).to.deep.equal({
      image: 'registry.local:5000/nim/qwen/qwen3-32b-dgx-spark:latest',
      host: 'spark-1',
      ngc_api_key: 'nvapi-canary',
      register_service: { key: 'nim', kind: 'openai' },
    });
    expect(store.get().route).to.deep.equal({ screen: 'operation', id: 'op_1' });
    expect(JSON.stringify(store.get())).to.not.include('nvapi-canary');
  });

  it('keeps what was typed when it is refused', async () => {
    const refusal = new Refusal('INVALID_REQUEST', 'The port is taken.', { status: 422, remedy: 'See `issues`: each names a path.' });
    const { show, click, type, dialog, app } = page({ ...answers(), 'POST /api/nim/install': refusal });
    await show({ screen: 'services' });
    await click('Install a NIM…');
    type('input[name=registry]', 'registry.local:5000');
    type('input[name=port]', '5092');
    await click('Install it');
    expect(dialog()).to.include('The port is taken.').and.not.include('issues');
    expect(app.querySelector<HTMLInputElement>('input[name=port]')?.value).to.equal('5092');
  });

  it('takes any other image by its whole name', () => {
    const form = {
      repository: '',
      registry: '',
      tag: '',
      image: 'lab/nim:2',
      host: '',
      port: 8_005,
      apiKey: '',
      replace: true,
      service: '',
    };
    expect(nimBody(form, [QWEN])).to.deep.equal({ image: 'lab/nim:2', port: 8_005, replace: true });
  });
});
