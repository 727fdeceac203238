import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deliveryId, type NumberedNotice, type ServedEndpoint } from '@spark-control/core';
import { expect } from 'chai';
import { FakeClock } from '../../../core/test/support/fake-clock.ts';
import { HttpWebhookSender } from '../../src/index.ts';
import { FakeOpenclaw } from './fake-openclaw.ts';
import { aDelivery, aWebhook, NOTICES } from './samples.ts';

const SCRIPT = fileURLToPath(new URL('../../../../docs/examples/openclaw-receiver.mjs', import.meta.url));
const secretOf = (letter: string): string => `whsec_${Buffer.from(letter.repeat(32)).toString('base64')}`;
const SECRET = secretOf('s');
const never = new AbortController().signal;
const logger = { debug() {}, info() {}, warn() {}, error() {} };

const CONFIG = {
  gateway: { mode: 'local' },
  models: {
    providers: {
      spark: {
        baseUrl: 'http://old.local:8000/v1',
        apiKey: 'none',
        api: 'openai-completions',
        models: [
          { id: 'gemma', name: 'Gemma', contextWindow: 8_192, maxTokens: 4_096 },
          { id: 'qwen', name: 'Qwen', contextWindow: 1_024, reasoning: true },
        ],
      },
      cloud: { baseUrl: 'https://cloud.local/v1', models: [] },
    },
  },
  agents: { defaults: { model: { primary: 'spark/gemma', fallbacks: ['cloud/big'] } } },
};

/** The script as a process of its own, and what it prints. */
class Script {
  port = 0;
  #text = '';
  readonly #child: ChildProcess;
  readonly #waiting: { pattern: RegExp; wake: () => void }[] = [];

  constructor(env: Record<string, string>) {
    this.#child = spawn(process.execPath, [SCRIPT], { env: { ...env, LISTEN_PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#text += chunk.toString();
        for (const { pattern, wake } of this.#waiting) if (pattern.test(this.#text)) wake();
      });
  }

  get text(): string {
    return this.#text;
  }

  says(pattern: RegExp): Promise<void> {
    return new Promise((wake) => (pattern.test(this.#text) ? wake() : this.#waiting.push({ pattern, wake })));
  }

  async listening(): Promise<this> {
    await this.says(/listening on \S+ port \d+/);
    this.port = Number(/port (\d+)/.exec(this.#text)?.[1]);
    return this;
  }

  exit(): Promise<number | null> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) resolve(this.#child.exitCode);
      else this.#child.once('exit', resolve);
    });
  }

  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.exit();
  }
}

describe('the OpenClaw receiver', function () {
  this.timeout(30_000);
  let folder: string;
  let openclaw: FakeOpenclaw;
  let scripts: Script[];
  let env: Record<string, string>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'openclaw-'));
    openclaw = new FakeOpenclaw(folder, CONFIG);
    scripts = [];
    writeFileSync(join(folder, 'secret'), `${SECRET}\n`);
    env = {
      PATH: process.env['PATH'] ?? '',
      SPARK_WEBHOOK_SECRET_FILE: join(folder, 'secret'),
      OPENCLAW_BIN: openclaw.bin,
      STATE_FILE: join(folder, 'state.json'),
    };
  });
  afterEach(async () => {
    await Promise.all(scripts.map((script) => script.stop()));
    rmSync(folder, { recursive: true });
  });

  const start = async (over: Record<string, string> = {}): Promise<Script> => {
    const script = new Script({ ...env, ...over });
    scripts.push(script);
    return script.listening();
  };
  const sender = new HttpWebhookSender({ clock: new FakeClock(Date.now()), logger, version: '1.2.3', listeners: () => [] });
  const tell = (script: Script, notice: NumberedNotice, { id = `dlv_${notice.sequence}`, secrets = [SECRET] } = {}) =>
    sender.send(aWebhook({ url: `http://127.0.0.1:${script.port}/` }), secrets, aDelivery({ id: deliveryId(id), notice }), never);
  const complete = (sequence: number, endpoint: Partial<ServedEndpoint> | null = {}): NumberedNotice => ({
    ...NOTICES.swap_complete,
    sequence,
    endpoint: endpoint && { baseUrl: 'http://spark-1.local:8000/v1', modelId: 'qwen', maxModelLen: 32_768, ...endpoint },
  });
  const post = (script: Script, headers: Record<string, string>, body = '{}', method = 'POST'): Promise<number> =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest({ port: script.port, host: '127.0.0.1', method, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      outgoing.on('error', reject).end(body);
    });

  it('sets base URL, model entry and default model, and nothing else', async () => {
    const script = await start();
    expect(await tell(script, complete(2))).to.include({ status: 200, error: null });
    await script.says(/now uses spark\/qwen at/);
    const { config } = openclaw;
    expect(config.models.providers.spark).to.deep.equal({
      ...CONFIG.models.providers.spark,
      baseUrl: 'http://spark-1.local:8000/v1',
      models: [CONFIG.models.providers.spark.models[0], { id: 'qwen', name: 'Qwen', contextWindow: 32_768, reasoning: true }],
    });
    expect(config.agents.defaults.model).to.deep.equal({ primary: 'spark/qwen', fallbacks: ['cloud/big'] });
    expect({ ...config, models: null, agents: null }).to.deep.equal({ gateway: { mode: 'local' }, models: null, agents: null });
    expect(config.models.providers.cloud).to.deep.equal(CONFIG.models.providers.cloud);
    expect(openclaw.methods).to.deep.equal(['config.get', 'config.patch']);
  });

  it('adds an entry for a model that OpenClaw does not know yet, with a length where there is one', async () => {
    const script = await start();
    await tell(script, complete(2, { modelId: 'org/Phi-5', maxModelLen: null }));
    await script.says(/now uses spark\/org\/Phi-5/);
    expect(openclaw.config.models.providers.spark.models).to.deep.equal([
      ...CONFIG.models.providers.spark.models,
      { id: 'org/Phi-5', name: 'org/Phi-5' },
    ]);
    expect(openclaw.config.agents.defaults.model.primary).to.equal('spark/org/Phi-5');
  });

  it('writes nothing when OpenClaw already has it so', async () => {
    const script = await start();
    await tell(script, complete(2));
    await script.says(/now uses spark\/qwen/);
    await tell(script, complete(3));
    await script.says(/already used spark\/qwen/);
    expect(openclaw.methods).to.deep.equal(['config.get', 'config.patch', 'config.get']);
  });

  it('reads again, once, when somebody else has written meanwhile', async () => {
    openclaw.conflicts(1);
    const script = await start();
    await tell(script, complete(2));
    await script.says(/now uses spark\/qwen/);
    expect(openclaw.methods).to.deep.equal(['config.get', 'config.patch', 'config.get', 'config.patch']);
    const hashes = openclaw.calls.flatMap(({ params }) => params.baseHash ?? []);
    expect(new Set(hashes).size).to.equal(2);
    expect(openclaw.config.meta, 'what the other wrote is still there').to.deep.equal({ edits: 1 });
  });

  it('gives up after the second conflict and tries later, also after a restart of its own', async () => {
    openclaw.conflicts(2);
    const script = await start();
    await tell(script, complete(2));
    await script.says(/could not be told, next try in 60 s: config\.patch failed: config changed/);
    expect(openclaw.methods).to.deep.equal(['config.get', 'config.patch', 'config.get', 'config.patch']);
    await script.stop();
    const again = await start();
    await again.says(/now uses spark\/qwen/);
  });

  it('keeps trying while the Gateway is down', async () => {
    openclaw.isDown();
    const script = await start({ RETRY_SECONDS: '0' });
    expect(await tell(script, complete(2))).to.include({ status: 200 });
    await script.says(/(gateway closed[\s\S]*){3}/);
    expect(JSON.parse(readFileSync(env['STATE_FILE'] ?? '', 'utf8')).pending).to.include({ modelId: 'qwen' });
  });

  it('takes an id once, and nothing that is older than what it has', async () => {
    const script = await start();
    await tell(script, complete(7), { id: 'dlv_a' });
    await script.says(/now uses spark\/qwen/);
    expect(await tell(script, complete(7), { id: 'dlv_a' })).to.include({ status: 200 });
    await script.says(/swap_complete 7: came before/);
    expect(await tell(script, complete(5, { modelId: 'gemma' }), { id: 'dlv_b' })).to.include({ status: 200 });
    await script.says(/swap_complete 5: older than 7/);
    await script.stop();
    const again = await start();
    await tell(again, complete(7), { id: 'dlv_a' });
    await again.says(/swap_complete 7: came before/);
    expect(openclaw.methods).to.deep.equal(['config.get', 'config.patch']);
  });

  it('leaves OpenClaw alone for other events, other clusters, and when nothing serves', async () => {
    const script = await start({ SPARK_CLUSTER: 'default' });
    await tell(script, NOTICES.test);
    await script.says(/test 6: nothing to do/);
    await tell(script, complete(8, null));
    await script.says(/swap_complete 8: nothing serves now/);
    const notice = complete(9);
    await tell(script, { ...notice, swap: { ...NOTICES.swap_complete.swap, cluster: 'other' } } as NumberedNotice);
    await script.says(/swap_complete 9: of another cluster/);
    expect(openclaw.calls).to.deep.equal([]);
  });

  it('accepts either secret during a rotation, without a restart', async () => {
    const script = await start();
    expect(await tell(script, complete(2), { secrets: [secretOf('n'), SECRET] })).to.include({ status: 200 });
    expect(await tell(script, complete(3), { secrets: [secretOf('n')] })).to.include({ status: 401 });
    writeFileSync(join(folder, 'secret'), `${SECRET}\n${secretOf('n')}\n`);
    expect(await tell(script, complete(3), { secrets: [secretOf('n')] })).to.include({ status: 200 });
    await script.says(/already used spark\/qwen/);
  });

  it('refuses what is not signed, stale, too long, or no event', async () => {
    const script = await start();
    const signed = (body: string, at = Math.floor(Date.now() / 1_000), id = 'dlv_1'): Record<string, string> => {
      const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
      const mac = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
      return { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1a,x v1,${mac}` };
    };
    expect(await post(script, signed('{"type":"x","sequence":1,"data":{}}'), '{"type":"x","sequence":1,"data":{}}')).to.equal(200);
    expect(await post(script, {})).to.equal(401);
    expect(await post(script, signed('{"other":1}'))).to.equal(401);
    expect(await post(script, { ...signed('{}'), 'webhook-id': 'dlv_2' })).to.equal(401);
    expect(await post(script, { ...signed('{}'), 'webhook-signature': 'v1,' })).to.equal(401);
    expect(await post(script, signed('{}', Math.floor(Date.now() / 1_000) - 400))).to.equal(401);
    expect(await post(script, signed('{}', Math.floor(Date.now() / 1_000) + 400))).to.equal(401);
    for (const body of ['nonsense', '{}', 'null', '[]', '{"type":"x","sequence":"1","data":{}}'])
      expect(await post(script, signed(body), body), body).to.equal(400);
    expect(await post(script, {}, 'x'.repeat(300_000))).to.equal(413);
    expect(await post(script, {}, '', 'GET')).to.equal(405);
    expect(openclaw.calls).to.deep.equal([]);
  });

  it('tells openclaw no secret, neither as argument nor in its environment', async () => {
    const { SPARK_WEBHOOK_SECRET_FILE: _file, ...rest } = env;
    const script = new Script({ ...rest, SPARK_WEBHOOK_SECRET: SECRET });
    scripts.push(await script.listening());
    await tell(script, complete(2));
    await script.says(/now uses/);
    for (const { argv, env: names } of openclaw.calls) {
      expect(argv.join(' ')).to.not.contain(SECRET.slice(6));
      expect(names).to.include('PATH').and.to.not.include('SPARK_WEBHOOK_SECRET');
    }
    expect(script.text).to.not.contain(SECRET.slice(6));
  });

  it('asks for a provider to be set up before it changes one', async () => {
    const script = await start({ OPENCLAW_PROVIDER: 'vllm' });
    await tell(script, complete(2));
    await script.says(/there is no provider "vllm" in its configuration yet/);
    expect(openclaw.config).to.deep.equal(CONFIG);
  });

  it('does not start without a secret, or on a state that it cannot read', async () => {
    const { SPARK_WEBHOOK_SECRET_FILE: _file, ...rest } = env;
    const bare = new Script(rest);
    expect(await bare.exit()).to.equal(2);
    expect(bare.text).to.contain('SPARK_WEBHOOK_SECRET_FILE');
    writeFileSync(env['STATE_FILE'] ?? '', '{half');
    expect(await new Script(env).exit()).to.equal(1);
  });
});
