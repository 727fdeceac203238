import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Cli } from '../support/cli.ts';
import { FakeApi, problem } from '../support/fake-api.ts';

describe('completion', () => {
  const api = new FakeApi();
  let cli: Cli;
  before(() => api.listen());
  after(() => api.stop());
  beforeEach(() => {
    cli = new Cli(api.url);
    api.on('GET /api/models', { status: 200, body: { items: ['qwen3-32b', 'gpt-oss', '$(reboot)'].map((key) => ({ key, name: key })) } });
    api.on('GET /api/hosts', { status: 200, body: { items: [{ key: 'spark1', name: 'Spark 1' }] } });
    api.on('GET /api/services', { status: 200, body: { items: [{ key: 'qdrant', name: 'Qdrant' }] } });
    api.on('GET /api/operations', { status: 200, body: { items: [{ id: 'op_1', kind: 'image_pull', subject: 'x' }] } });
    api.on('GET /api/clusters', { status: 200, body: { items: [{ key: 'left', name: 'Left' }] } });
  });
  afterEach(() => cli.remove());

  async function words(...line: readonly string[]): Promise<readonly string[]> {
    const { code, stdout, stderr } = await cli.run(['__complete', ...line]);
    expect([code, stderr]).to.deep.equal([0, '']);
    return stdout.split('\n').flatMap((found) => (found === '' ? [] : [found.split('\t')[0]!]));
  }

  it('knows the commands, and those of a group', async () => {
    expect(await words('s')).to.deep.equal(['status', 'swap', 'service', 'settings', 'schedule']);
    expect(await words('--url', api.url, 'w')).to.deep.equal(['wait', 'with-lock', 'webhooks']);
    expect(await words('lock', 're')).to.deep.equal(['renew', 'release']);
    expect(await words('help', 'au')).to.deep.equal(['audit', 'automations']);
    expect(await words('settings', '')).to.deep.equal(['set']);
  });

  it('knows the options of a command and what they take', async () => {
    expect(await words('swap', 'm', '--re')).to.deep.equal(['--reason', '--requested-by', '--replace-unmanaged']);
    expect(await words('history', '--outcome', 'r')).to.deep.equal(['ready', 'rolled_back']);
    expect(await words('swap', '--reason', '')).to.deep.equal([]);
    expect(await words('completion', '')).to.deep.equal(['bash', 'zsh', 'fish']);
    expect(await words('history', '--outcome=r')).to.deep.equal(['--outcome=ready', '--outcome=rolled_back']);
    expect(await words('--cluster', '')).to.deep.equal(['left']);
    expect(await words('--cluster=')).to.deep.equal(['--cluster=left']);
    expect(await words('help', 'lock', 're')).to.deep.equal(['renew', 'release']);
  });

  it('asks the server for models and clusters, and passes on no word that a shell could run', async () => {
    expect(await words('swap', '')).to.deep.equal(['qwen3-32b', 'gpt-oss']);
    expect(await words('with-lock', '--model', 'q')).to.deep.equal(['qwen3-32b']);
    expect(await words('status', '--cluster', '')).to.deep.equal(['left']);
    expect(await words('swap', 'qwen3-32b', '')).to.deep.equal([]);
    expect(await words('model', 'knobs', 'g')).to.deep.equal(['gpt-oss']);
    expect(await words('host', 'test', '')).to.deep.equal(['spark1']);
    expect(await words('model', 'download', 'gpt-oss', '--host', '')).to.deep.equal(['spark1']);
    expect(await words('service', 'logs', '')).to.deep.equal(['qdrant']);
    expect(await words('op', 'follow', '')).to.deep.equal(['op_1']);
  });

  it('finds nothing, without a word, where there is nothing to find', async () => {
    api.on('GET /api/models', problem(401, 'UNAUTHENTICATED'));
    expect(await words('swap', '')).to.deep.equal([]);
    expect(await words('with-lock', '--', 'ls', '')).to.deep.equal([]);
    expect(await words('nonsense', '')).to.deep.equal([]);
    expect(await words()).to.include('status');
  });

  it('works in a real bash', async () => {
    const script = (await cli.run(['completion', 'bash'])).stdout;
    const bin = join(cli.home, 'bin');
    mkdirSync(bin);
    // Stands for the program: says which words it got, then what may follow.
    writeFileSync(
      join(bin, 'sparkctl'),
      '#!/bin/sh\nprintf "%s;" "$@" > "$HOME/words"\nprintf "%sacquire\\tTake it\\n%srelease\\tGive it\\n" "$FOUND" "$FOUND"\n',
    );
    chmodSync(join(bin, 'sparkctl'), 0o755);
    const lines = {
      'sparkctl lock ""': ['acquire,release,', '__complete;lock;;'],
      // As bash breaks them: each `=` and `:` is a word of its own, and only what stands behind the last one is replaced.
      'sparkctl --url http : //box : 99 lock ""': ['acquire,release,', '__complete;--url;http://box:99;lock;;'],
      'sparkctl lock --way = ac': ['acquire,release,', '__complete;lock;--way=ac;', '--way='],
      'sparkctl lock --way =': ['acquire,release,', '__complete;lock;--way=;', '--way='],
    };
    for (const [line, [found, asked, head = '']] of Object.entries(lines)) {
      const test = `${script}\nCOMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _sparkctl; printf '%s,' "\${COMPREPLY[@]}"; cat "$HOME/words"`;
      const env = { PATH: `${bin}:${process.env['PATH']}`, HOME: cli.home, FOUND: head };
      expect(execFileSync('bash', ['--norc', '-c', test], { env, encoding: 'utf8' })).to.equal(`${found}${asked}`);
    }
    expect(script).to.match(/\ncomplete -o default -F _sparkctl sparkctl\n$/);
  });

  for (const shell of ['zsh', 'fish'] as const) {
    it(`has a script that ${shell} can read`, async () => {
      const { stdout } = await cli.run(['completion', shell]);
      expect(stdout).to.contain('sparkctl __complete');
      const { error, status } = spawnSync(shell, ['-n', '-c', stdout]);
      if (error === undefined) expect(status).to.equal(0);
    });
  }
});
