import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Nothing listens there, so that a key that was read goes nowhere. */
const URL_OF_NOBODY = 'http://127.0.0.1:9';

/** The real program on a real terminal, which `script` makes: types `keys` once `wait` is on the screen. */
function onTerminal(argv: readonly string[], wait: string, keys: string): Promise<Readonly<{ code: number | null; screen: string }>> {
  const command = [process.execPath, ...process.execArgv, MAIN, ...argv].map((word) => `'${word}'`).join(' ');
  const env = { ...process.env, SPARK_BASE_URL: URL_OF_NOBODY, NGC_API_KEY: '', SHELL: '/bin/sh' };
  const child = spawn('script', ['-qec', command, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let screen = '';
    let isTyped = false;
    child.stdout.on('data', (chunk: Buffer) => {
      screen += chunk.toString();
      if (isTyped || !screen.includes(wait)) return;
      isTyped = true;
      child.stdin.write(keys);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, screen }));
  });
}

describe('a question on a terminal', function () {
  this.timeout(60_000);
  before(function () {
    if (spawnSync('script', ['--version']).error === undefined) return;
    if (process.env['CI']) throw new Error('script (bsdutils) is not installed');
    this.skip();
  });

  it('shows nothing of a key that is typed', async () => {
    const { code, screen } = await onTerminal(['nim', 'install', 'nim/x'], 'NGC API key: ', 'nvapi-canary\r');
    expect(screen).to.contain('NGC API key: ').and.to.contain('cannot be reached').and.to.not.contain('canary');
    expect(code).to.equal(7);
  });

  it('is left by Ctrl-C, and nothing is done', async () => {
    const { code, screen } = await onTerminal(['nim', 'install', 'nim/x'], 'NGC API key: ', 'nvapi-canary\u0003');
    expect(code).to.equal(130);
    expect(screen).to.not.contain('canary').and.to.not.contain('cannot be reached');
  });

  it('is answered by no when nothing is typed', async () => {
    for (const keys of ['\r', 'n\r', '\u0004']) {
      const { code, screen } = await onTerminal(['service', 'restart', 'asr'], 'restart asr? [y/N]', keys);
      expect(code, JSON.stringify(keys)).to.equal(10);
      expect(screen).to.contain('nothing was done');
    }
  });
});
