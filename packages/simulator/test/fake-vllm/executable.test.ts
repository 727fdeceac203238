import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { buildSync } from 'esbuild';
import { ClaimsDirectory, SPARK_MEMORY_BYTES } from '../../src/index.ts';

const MAIN = fileURLToPath(new URL('../../src/fake-vllm/main.ts', import.meta.url));
const GIB_KB = 1024 ** 2;

type Run = Readonly<{
  process: ChildProcess;
  output: () => string;
  said: (pattern: RegExp) => Promise<void>;
  ended: Promise<number | null>;
}>;

describe('the executable fake vllm', () => {
  let folder: string;
  let program: string;
  const running = new Set<ChildProcess>();

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sim-'));
    program = path.join(folder, 'fake-vllm.mjs');
    // As scripts/build-fake-vllm.mjs does it: one file on plain Node.
    buildSync({
      entryPoints: [MAIN],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      conditions: ['source'],
    });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(async () => {
    await Promise.all(
      [...running].map(async (child) => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }),
    );
    for (const name of ['argv.log', 'meminfo', 'claims', 'config.json']) rmSync(path.join(folder, name), { recursive: true, force: true });
  });

  function run(words: readonly string[], config: unknown = {}, env: Record<string, string> = {}): Run {
    const file = path.join(folder, 'config.json');
    writeFileSync(file, typeof config === 'string' ? config : JSON.stringify({ speed: 50, ...(config as object) }));
    const child = spawn(process.execPath, [program, ...words], {
      env: { PATH: process.env['PATH'], FAKE_VLLM_CONFIG: file, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    let text = '';
    const waiting = new Set<() => void>();
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        for (const check of [...waiting]) check();
      });
    }
    const said = (pattern: RegExp): Promise<void> =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (pattern.test(text)) resolve();
        };
        waiting.add(check);
        child.once('exit', () => reject(new Error(`it ended without saying ${pattern}: ${text}`)));
        check();
      });
    const ended = once(child, 'close').then(([code]: unknown[]) => {
      running.delete(child);
      return code as number | null;
    });
    return { process: child, output: () => text, said, ended };
  }

  const available = (): number => Number(/MemAvailable: +(\d+) kB/.exec(readFileSync(path.join(folder, 'meminfo'), 'utf8'))?.[1]);
  const argvLog = (): unknown[] =>
    readFileSync(path.join(folder, 'argv.log'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);

  it('writes down its arguments and its environment exactly as it saw them', async () => {
    const hostile = ['a b', '"quoted"', "it's", '$HOME', '*', 'line\nbreak', 'é🙂'];
    const { ended } = run(['serve', 'm', '--port', 'x', '--served-model-name', ...hostile], {}, { VLLM_TEST: 'a b\n$c', UNRELATED: '1' });
    expect(await ended).to.equal(2);
    expect(argvLog()).to.have.length(1);
    expect(argvLog()[0]).to.deep.include({
      argv: ['serve', 'm', '--port', 'x', '--served-model-name', ...hostile],
      env: { VLLM_TEST: 'a b\n$c' },
    });
  });

  it("ends with argparse's words and exit code 2 when a flag is unknown", async () => {
    const { ended, output } = run(['serve', 'm', '--no-such-flag']);
    expect(await ended).to.equal(2);
    expect(output()).to.contain('vllm serve: error: unrecognized arguments: --no-such-flag');
  });

  it('serves, keeps meminfo true, and gives the memory back when it is told to end', async () => {
    const server = run(['serve', 'm', '--port', '0', '--gpu-memory-utilization', '0.5']);
    await server.said(/Uvicorn running on http:\/\/0\.0\.0\.0:\d+ /);
    const port = /Uvicorn running on http:\/\/0\.0\.0\.0:(\d+) /.exec(server.output())?.[1];
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).to.equal(200);
    expect(available()).to.be.closeTo((121.69 * 0.5 - 4.2) * GIB_KB, GIB_KB);
    server.process.kill('SIGTERM');
    expect(await server.ended).to.equal(0);
    expect(server.output()).to.contain('Application shutdown complete.');
    expect(available()).to.be.closeTo((121.69 - 4.2) * GIB_KB, GIB_KB);
    expect(readdirSync(path.join(folder, 'claims'))).to.deep.equal([]);
  });

  it('has its memory given back by whoever looks after it was killed', async () => {
    const server = run(['serve', 'm', '--port', '0']);
    await server.said(/Uvicorn running/);
    const occupied = available();
    server.process.kill('SIGKILL');
    await server.ended;
    expect(available()).to.equal(occupied);
    await new ClaimsDirectory(folder, SPARK_MEMORY_BYTES).refresh();
    expect(available()).to.be.closeTo((121.69 - 4.2) * GIB_KB, GIB_KB);
    expect(readdirSync(path.join(folder, 'claims'))).to.deep.equal([]);
  });

  it('cannot start beside one that holds the memory, and the file in between is never torn', async () => {
    const first = run(['serve', 'first', '--port', '0', '--gpu-memory-utilization', '0.8']);
    await first.said(/Uvicorn running/);
    const second = run(['serve', 'second', '--port', '0', '--gpu-memory-utilization', '0.8']);
    let torn = 0;
    const reader = setInterval(() => {
      if (!/^MemTotal: +\d+ kB\n[\s\S]*SwapFree: +\d+ kB\n$/.test(readFileSync(path.join(folder, 'meminfo'), 'utf8'))) torn += 1;
    }, 1);
    const code = await second.ended;
    clearInterval(reader);
    expect(code).to.equal(1);
    expect(second.output()).to.contain('is less than desired GPU memory utilization (0.8, 97.35 GiB)');
    expect(torn).to.equal(0);
  });

  it('picks the profile by repo or by served name', async () => {
    const models = { named: { fault: 'exit_at_start' } };
    expect(await run(['serve', 'm', '--served-model-name', 'named'], { models }).ended).to.equal(1);
    expect(await run(['serve', 'named', '--port', 'x'], { models }).ended).to.equal(2);
    expect(await run(['serve', 'named'], { models }).ended).to.equal(1);
  });

  it('stays alive as a worker rank without a port, and ends when told to', async () => {
    const rank = run(['serve', 'm', '-tp', '2', '--nnodes', '2', '--node-rank', '1', '--headless']);
    await rank.said(/Worker is ready/);
    rank.process.kill('SIGTERM');
    expect(await rank.ended).to.equal(0);
  });

  it('says what is wrong with its configuration instead of playing something else', async () => {
    const { ended, output } = run(['serve', 'm'], { default: { fault: 'unheard_of' } });
    expect(await ended).to.not.equal(0);
    expect(output()).to.contain('fault');
  });

  it('keeps meminfo true as a keeper, also over the end of the others', async () => {
    const keeper = run(['sim-keep-meminfo']);
    const server = run(['serve', 'm', '--port', '0']);
    await server.said(/Uvicorn running/);
    server.process.kill('SIGKILL');
    await server.ended;
    const end = Date.now() + 5_000;
    while (available() < 110 * GIB_KB && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(available()).to.be.greaterThan(110 * GIB_KB);
    keeper.process.kill('SIGTERM');
    expect(await keeper.ended).to.equal(0);
  });
});
