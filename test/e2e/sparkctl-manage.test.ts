import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { fewModels } from './support/few-models.ts';
import { KillableServer } from './support/killable-server.ts';

const MAIN = fileURLToPath(new URL('../../packages/client/dist/main.js', import.meta.url));

describe('managing with sparkctl', function () {
  this.timeout(60_000);
  let config: string;
  let server: KillableServer;

  before(async () => {
    config = await fewModels();
    await writeFile(join(config, 'services.yaml'), 'services:\n  parakeet-asr: { kind: asr, port: 5092, container: parakeet-asr }\n');
    server = await KillableServer.start({
      SPARK_SIMULATION_SPEED: '100',
      SPARK_CONTROL_CONFIG: config,
      DRAIN_SECONDS: 'soon',
      VLLM_PORT: ' ',
    });
  });
  after(async () => {
    await server?.close();
    await rm(config, { recursive: true, force: true });
  });

  type Ended = Readonly<{ code: number | null; stdout: string; stderr: string }>;
  function sparkctl(words: readonly string[], input = ''): Promise<Ended> {
    const env = { PATH: process.env['PATH'] ?? '', HOME: config, SPARK_BASE_URL: server.url };
    const child = spawn(process.execPath, [MAIN, ...words], { env });
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
    });
  }
  /** Has to go well. */
  async function done(line: string, input = ''): Promise<string> {
    const { code, stdout, stderr } = await sparkctl(line.split(' '), input);
    expect(code, `sparkctl ${line}: ${stderr}`).to.equal(0);
    return stdout;
  }

  it('takes a model over from a command, changes its knobs, takes that back and removes it', async () => {
    await done('model parse --add mine', 'vllm serve lab/mine --max-model-len 4096 --gpu-memory-utilization 0.5\n');
    await done('model knobs mine --flag max-model-len=8192 --drop-flag gpu-memory-utilization');
    expect(JSON.parse(await done('model knobs mine --json'))).to.deep.equal({ flags: { 'max-model-len': 8192 }, env: {} });
    const { items } = JSON.parse(await done('model history mine --json')) as { items: { revision: number; action: string }[] };
    expect(items.map(({ action }) => action)).to.deep.equal(['changed', 'created']);
    await done(`model revert mine ${items[1]?.revision}`);
    expect(await done('model show mine'))
      .to.contain('max-model-len=4096')
      .and.to.contain('gpu-memory-utilization=0.5');
    const bad = await sparkctl(['model', 'knobs', 'mine', '--flag', 'max-model-len=lots']);
    expect(bad.code).to.equal(2);
    expect(bad.stderr).to.contain('max-model-len');
    await done('model remove mine --yes');
    expect((await sparkctl(['model', 'show', 'mine'])).code).to.equal(11);
  });

  it('deletes weights and downloads them again, as an operation that is listed', async () => {
    expect(await done('model delete-weights alpha --yes')).to.contain('freed');
    expect(await done('model disk alpha')).to.contain('none');
    expect(await done('model download alpha')).to.contain('model download of alpha is done');
    const { items } = JSON.parse(await done('op list --json')) as { items: { id: string; subject: string }[] };
    expect(items[0]?.subject).to.equal('alpha');
    expect(await done(`op show ${items[0]?.id}`)).to.contain('model download of alpha is done');
    expect((await sparkctl(['op', 'cancel', items[0]?.id ?? '', '--yes'])).code).to.equal(1);
  });

  it('looks at hosts, services and endpoints', async () => {
    expect(await done('host list')).to.match(/spark1 +default/);
    expect(await done('host test spark1')).to.contain('spark1 can be used');
    expect(await done('host updates spark1')).to.contain('plan upd_');
    expect(await done('service list')).to.match(/parakeet-asr +asr/);
    expect(await done('service show parakeet-asr')).to.contain('parakeet-asr (asr)');
    expect(await done('service restart parakeet-asr --yes')).to.contain('service restart of parakeet-asr is done');
    expect(await done('endpoints')).to.match(/parakeet-asr +asr +http/);
    expect(await done('service health')).to.contain('parakeet-asr');
    expect(await done('nim images')).to.contain('nim/');
  });

  it('lets the doctor find that all is well, but for what was set wrong', async () => {
    const { ok, checks } = JSON.parse(await done('doctor --json')) as {
      ok: boolean;
      checks: { name: string; status: string; detail: string }[];
    };
    expect(ok).to.equal(true);
    expect(checks.map(({ name }) => name)).to.include.members(['server', 'version', 'ready store', 'host', 'service', 'node', 'catalog']);
    const warned = checks.filter(({ status }) => status === 'warn').map(({ detail }) => detail);
    expect(warned.join('\n')).to.contain('DRAIN_SECONDS has to be').and.to.contain('VLLM_PORT is blank: 8888 is used');
  });

  it('writes settings that count after the next start, and says until then that they do not', async () => {
    const refused = await sparkctl(['settings', 'set', '/limits/drain_seconds=7']);
    expect(refused.code).to.equal(2);
    expect(refused.stderr).to.contain('hosts');
    await writeFile(join(config, 'spark.yaml'), '# ours\nhosts:\n  a: { address: 127.0.0.1, port: 1 } # in the cellar\n');
    expect(await done('settings set /limits/drain_seconds=7 --also /clusters/default/port=8000')).to.contain('restart the server');
    expect(await readFile(join(config, 'spark.yaml'), 'utf8')).to.equal(
      '# ours\nhosts:\n  a: { address: 127.0.0.1, port: 1 } # in the cellar\n\nlimits:\n  drain_seconds: 7\n\nclusters:\n  default:\n    hosts: [ a ]\n    port: 8000\n',
    );
    expect(await done('settings /limits')).to.contain('restart the server');
    await server.kill();
    await server.up();
    const shown = await done('settings');
    expect(shown)
      .to.match(/\/limits\/drain_seconds +7 +file/)
      .and.to.match(/\/clusters\/default\/port +8000 +file/);
    expect(shown).to.not.contain('restart the server');
    const { items } = JSON.parse(await done('audit --action settings_changed --json')) as { items: { note: string }[] };
    expect(items.map(({ note }) => note)).to.deep.equal(['/limits/drain_seconds, /clusters/default/port']);
    const ill = await sparkctl(['doctor', '--no-local']);
    expect(ill.code).to.equal(1);
    expect(ill.stdout).to.contain('FAIL host port (a): ').and.to.contain('->');
  });

  it('hands init on to the program of the server', async () => {
    const { code, stderr } = await sparkctl(['init', '--output', join(config, 'spark.yaml')]);
    expect(code).to.equal(1);
    expect(stderr).to.contain('is there already; --force replaces it.');
    expect((await sparkctl(['init', '--nope'])).code).to.equal(2);
    expect(await done('init --help')).to.contain('--accept-key');
  });
});
