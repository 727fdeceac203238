import type { WireModel, WireModelList, WireSettings } from '@spark-control/schema';
import { expect } from 'chai';
import { Canary } from './support/canary.ts';
import { rigCluster } from './support/cluster.ts';
import { eventually, must } from './support/commands.ts';
import { type Answer, ControlPlane, type ProblemBody } from './support/control-plane.ts';
import { HOSTILE_VALUES } from './support/hostile-values.ts';
import { startsOn } from './support/hosts.ts';
import { expectStatus } from './support/long-work.ts';
import { useRig } from './support/suite.ts';

type Asked = readonly [method: string, path: string, body?: object];

const model = (over: object): Asked => ['POST', '/api/models', { key: 'hostile', repo: 'org/hostile', ...over }];
const nim = (over: object): Asked => ['POST', '/api/nim/install', { image: '127.0.0.1:9/none:1', port: 8_123, ...over }];
const setting = (path: string, value: unknown): Asked => ['PATCH', '/api/settings', { changes: [{ path, value }] }];
const inPath = (value: string): string => encodeURIComponent(Buffer.from(value).toString());

/** Everything that a client can send, with one value in it. */
const FIELDS: Readonly<Record<string, (value: string) => Asked>> = {
  key: (key) => model({ key }),
  name: (name) => model({ name }),
  description: (description) => model({ description }),
  repo: (value) => model({ repo: `org/${value}` }),
  revision: (revision) => model({ revision }),
  local_path: (value) => model({ repo: undefined, local_path: `/home/spark/models/${value}` }),
  image: (image) => model({ image }),
  served_model_name: (served_model_name) => model({ served_model_name }),
  'name of a flag': (value) => model({ flags: { [value]: true } }),
  'value of a flag': (value) => model({ flags: { tokenizer: value, 'chat-template': value } }),
  extra_args: (value) => model({ extra_args: [`--root-path=${value}`, value] }),
  'name of a variable': (value) => model({ env: { [value]: 'x' } }),
  'value of a variable': (value) => model({ env: { PLAIN: value } }),
  'name of a secret': (value) => model({ env: { PLAIN: { from_env: value } } }),
  clusters: (value) => model({ clusters: [value] }),
  command: (value) => ['POST', '/api/models/parse-command', { command: `docker run ${value} vllm/vllm-openai --model ${value}` }],
  'hosts of a download': (value) => ['POST', '/api/models/alpha/download', { hosts: [value] }],
  'host of a disk': (value) => ['DELETE', `/api/models/alpha/disk?host=${inPath(value)}`],
  'key of a host': (value) => ['POST', `/api/hosts/${inPath(value)}/test`],
  fingerprint: (fingerprint) => ['POST', '/api/hosts/spark1/trust', { fingerprint }],
  'plan of an update': (plan) => ['POST', '/api/hosts/spark1/updates', { plan }],
  'confirmation of a reboot': (confirm) => ['POST', '/api/hosts/spark1/reboot', { confirm }],
  'key of a service': (value) => ['POST', `/api/services/${inPath(value)}/restart`, {}],
  'plan of patches': (confirm) => ['POST', '/api/services/speech/reapply-patches', { confirm }],
  'image of a NIM': (image) => nim({ image }),
  'container of a NIM': (container) => nim({ container }),
  'cache of a NIM': (cache) => nim({ cache }),
  'variable of a NIM': (value) => nim({ env: { [value]: 'x' } }),
  'key of NGC': (ngc_api_key) => nim({ ngc_api_key }),
  'service of a NIM': (key) => nim({ register_service: { key } }),
  'login user': (value) => setting('/hosts/spark1/user', value),
  address: (value) => setting('/hosts/spark1/address', value),
  fabric_address: (value) => setting('/hosts/spark1/fabric_address', value),
  'container of a cluster': (value) => setting('/clusters/rig/container', value),
  'image of a cluster': (value) => setting('/clusters/rig/image', value),
  launcher_directory: (value) => setting('/clusters/rig/launcher_directory', `~/${value}`),
  hf_cache: (value) => setting('/clusters/rig/hf_cache', `~/${value}`),
  model_roots: (value) => setting('/clusters/rig/model_roots', [`/${value}`]),
};
/** Where any text is right: it is for people, or one word of a command line. */
const FREE = ['name', 'description', 'value of a variable', 'value of a flag', 'served_model_name'];
const TAKES_A_WORD = [
  ...[...FREE, 'key', 'repo', 'revision', 'image', 'extra_args', 'clusters', 'command', 'image of a NIM'],
  ...['login user', 'address', 'fabric_address', 'container of a cluster', 'image of a cluster', 'launcher_directory', 'hf_cache'],
];
/** Each takes seconds: the host is asked for its updates first. */
const SLOW = ['plan of an update'];

describe(`${HOSTILE_VALUES.length} hostile values at the edge of a server over real hosts`, function () {
  this.timeout(process.env['SPARK_PROVE'] === '1' ? 1_800_000 : 90_000);
  const rig = useRig();
  let control: ControlPlane;
  let canary: Canary;
  let good: object;
  before(async () => {
    canary = new Canary(rig());
    control = new ControlPlane(rig(), [rigCluster(rig(), { installation: 'docker_run' })], { alpha: { repo: 'org/alpha' } });
    const patches = [{ name: 'one', source: 'models.yaml', target: '/opt/one' }];
    good = { services: { speech: { kind: 'asr', port: 9_001, container: 'speech', patches } } };
    control.configure('services.yaml', good);
    await control.start();
  });
  after(async () => {
    await control.stop();
    canary.remove();
  });
  afterEach(() => {
    expect(canary.victims()).to.deep.equal([]);
  });

  const send = ([method, path, body]: Asked): Promise<Answer<ProblemBody>> => control.call<ProblemBody>(method, path, body);

  it('reach the model server as they were sent, each as one word, through files, database, SSH and Docker', async () => {
    const free = HOSTILE_VALUES.filter((value) => value !== '' && !value.includes('\0') && !/\p{Surrogate}/u.test(value));
    const env = Object.fromEntries(free.map((value, index): [string, string] => [`TEST_${index}`, value]));
    const extra_args = free.map((value) => `--root-path=${value}`);
    const created = expectStatus(
      await control.call<WireModel>('POST', '/api/models', {
        key: 'free',
        repo: 'org/free',
        env,
        extra_args,
        served_model_name: 'a$(spark-pwned)',
      }),
      201,
    );
    expect(created.extra_args).to.deep.equal(extra_args);
    const swap = await control.swap({ model: 'free' });
    expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'ready', serving: 'free' });
    const [start] = startsOn(rig().hosts[0]!);
    expect(start?.argv.filter((word) => word.startsWith('--root-path='))).to.deep.equal(extra_args);
    expect(Object.fromEntries(Object.entries(start?.env ?? {}).filter(([name]) => name.startsWith('TEST_')))).to.deep.equal(env);
    expect(canary.calls().some((call) => call.includes('run') && call.includes('org/free'))).to.equal(true);
    await eventually('the model to be seen', async () =>
      (await control.call<WireModelList>('GET', '/api/models')).body.items.some(({ state }) => state === 'loaded'),
    );
    expect(await must(['ls', '-A', `${rig().hosts[0]!.directory}/home/spark`])).to.not.contain('pwned');
  });

  it('in a file of the configuration are refused with their place, and take nothing away that was there', async () => {
    const keys = async (): Promise<readonly string[]> =>
      (await control.call<{ items: { key: string }[] }>('GET', '/api/services')).body.items.map(({ key }) => key);
    const patch = { name: 'one', source: 'a', target: '/opt/one' };
    for (const value of HOSTILE_VALUES.slice(0, process.env['SPARK_PROVE'] === '1' ? HOSTILE_VALUES.length : 1)) {
      const bad = { container: { container: value }, user: { user: value }, name: { patches: [{ ...patch, name: value }] } };
      const seen = control.output.length;
      control.configure('services.yaml', {
        services: Object.fromEntries(Object.entries(bad).map(([key, over]) => [key, { kind: 'http', port: 9_001, ...over }])),
      });
      await eventually(`the fault of ${JSON.stringify(value)}`, () => /services\.yaml/.test(control.output.slice(seen)));
      for (const place of ['/services/container/container', '/services/user/user', '/services/name/patches/0/name']) {
        expect(control.output.slice(seen)).to.contain(place);
      }
      expect(await keys()).to.deep.equal(['speech']);
    }
    control.configure('services.yaml', good);
  });

  it('are refused by field, or taken as they are; nothing else happens, and no answer is a fault of ours', async () => {
    // Without this a field that takes nothing at all would look safe.
    for (const [field, ask] of Object.entries(FIELDS)) {
      const answer = await send(ask('mk-benign'));
      if (TAKES_A_WORD.includes(field)) expect(answer.status, `${field}: ${JSON.stringify(answer.body)}`).to.be.oneOf([200, 201, 202]);
      if (answer.status === 201) await send(['DELETE', `/api/models/${(answer.body as unknown as WireModel).key}`]);
    }
    const taken: Record<string, number> = {};
    for (const [field, ask] of Object.entries(FIELDS)) {
      for (const value of SLOW.includes(field) ? HOSTILE_VALUES.slice(0, 2) : HOSTILE_VALUES) {
        const asked = ask(value);
        const answer = await send(asked);
        const what = `${field} = ${JSON.stringify(value)} was answered ${answer.status} ${JSON.stringify(answer.body)}`;
        expect(answer.status, what).to.be.oneOf([200, 201, 202, 400, 404, 409, 412, 422, 502]);
        if (answer.status < 300) taken[field] = (taken[field] ?? 0) + 1;
        if (answer.status === 201) {
          const { key } = answer.body as unknown as WireModel;
          expect((await send(['DELETE', `/api/models/${key}`])).status, what).to.equal(204);
        }
        expect(canary.victims(), what).to.deep.equal([]);
      }
    }
    console.info(`      ${Object.keys(FIELDS).length} fields; taken: ${JSON.stringify(taken)}`);
    for (const field of ['key', 'repo', 'name of a flag', 'name of a variable', 'container of a NIM', 'container of a cluster']) {
      expect(taken[field] ?? 0, field).to.equal(0);
    }
    for (const field of FREE) expect(taken[field] ?? 0, field).to.be.greaterThan(0);
    const { body } = await control.call<WireModelList>('GET', '/api/models');
    expect([body.fault, body.items.map(({ key }) => key)]).to.deep.equal([null, ['alpha', 'free']]);
    // What the settings took, the next start has to live with.
    expectStatus(await control.call<WireSettings>('GET', '/api/settings'), 200);
    await control.kill();
    await control.start();
  });
});
