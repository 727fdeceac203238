import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const EMBEDDER = `
import { createServer } from 'node:http';
import { createSparkControl } from '@spark-control/server';

const control = await createSparkControl({ dataFolder: './data', simulation: { speed: 20 } });
const server = createServer(control.app).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const url = 'http://127.0.0.1:' + server.address().port;
const json = async (path, init) => (await fetch(url + path, { headers: { 'content-type': 'application/json', connection: 'close' }, ...init })).json();
const { items: models } = await json('/api/models');
const page = await (await fetch(url + '/', { headers: { connection: 'close' } })).text();
let swap = await json('/api/swap', { method: 'POST', body: JSON.stringify({ model: models[0].key }) });
while (!swap.settled) swap = await json('/api/swap/' + swap.id);
control.closeStreams();
await new Promise((resolve) => server.close(resolve));
await control.close();
console.log(JSON.stringify({ models: models.length, hasPage: page.includes('<script'), phase: swap.phase }));
`;

const TYPED = `
import { createServer } from 'node:http';
import { createClient, type SparkClient } from '@spark-control/client';
import type { Logger } from '@spark-control/core';
import { createSparkControl, listen, type OwnCluster, type SparkControl, type SparkControlOptions, stop } from '@spark-control/server';

const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const options: SparkControlOptions = { dataFolder: './data', logger, simulation: { speed: 2 } };
export const client: SparkClient = createClient({ baseUrl: 'http://127.0.0.1:9999' });
export const holder = async (): Promise<string | null> => (await client.lock.show()).lock?.holder ?? null;
export async function embed(own: readonly OwnCluster[]): Promise<string> {
  const control: SparkControl = await createSparkControl({ ...options, clusters: own });
  createServer(control.app);
  await stop(await listen(control), control);
  // @ts-expect-error a data folder is a must
  await createSparkControl({});
  const phases: readonly string[] = (await control.core.swaps({ limit: 3 })).map((swap) => swap.phase);
  return phases.join();
}
`;

/** The settings of npm that lead to its registry stay; anything of the workspace goes. */
const npmEnv = (): NodeJS.ProcessEnv => ({
  ...process.env,
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_update_notifier: 'false',
});

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 200_000 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** What the program prints up to its address. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const url = /http:\S+/.exec(text)?.[0];
      if (url !== undefined) resolve(url);
    });
    child.once('close', () => reject(new Error(`it ended early: ${text}`)));
  });
}

describe('the packed packages, installed with plain npm into an empty folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spark-control-packed-'));
  const tarballs = join(folder, 'tarballs');
  const app = join(folder, 'app');
  const installed = (name: string): string => join(app, 'node_modules', '@spark-control', name);

  before(() => {
    mkdirSync(tarballs);
    mkdirSync(app);
    const pack = ['scripts/pnpm.mjs', '-r', '--filter', './packages/*', 'exec', 'pnpm', 'pack', '--pack-destination', tarballs];
    run(process.execPath, pack, ROOT, { ...process.env, CI: 'true' });
    const files = readdirSync(tarballs).map((name) => join(tarballs, name));
    writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'embedder', private: true, type: 'module' }));
    run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...files], app, npmEnv());
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('hold a licence and a word about themselves, and nothing of the workspace', () => {
    const names = readdirSync(join(app, 'node_modules', '@spark-control'));
    expect(names).to.have.members([
      'client',
      'core',
      'http-adapter',
      'schema',
      'server',
      'simulator',
      'ssh-adapter',
      'store-adapter',
      'web-ui',
    ]);
    for (const name of names) {
      const files = readdirSync(installed(name), { recursive: true }).map(String);
      expect(files, name).to.include.members(['LICENSE', 'README.md', 'package.json']);
      expect(
        files.filter((file) => /\.map$|tsbuildinfo|\.tsx?$/.test(file) && !file.endsWith('.d.ts')),
        name,
      ).to.deep.equal([]);
      expect(readFileSync(join(installed(name), 'package.json'), 'utf8'), name).to.not.match(/workspace:|"source"/);
    }
    expect(existsSync(join(installed('web-ui'), 'dist', 'www', 'index.html'))).to.equal(true);
    expect(existsSync(join(ROOT, 'packages', 'server', 'dist', 'config')), 'a copy left in the workspace').to.equal(false);
  });

  it('let an embedder create, swap and close, and then end by itself', () => {
    writeFileSync(join(app, 'embedder.mjs'), EMBEDDER);
    const said = JSON.parse(run(process.execPath, ['embedder.mjs'], app)) as { models: number; hasPage: boolean; phase: string };
    expect(said).to.include({ hasPage: true, phase: 'ready' });
    expect(said.models).to.be.greaterThan(5);
  });

  it('bring sparkctl, which talks to the server that comes with them', () => {
    const bin = join(app, 'node_modules', '.bin', 'sparkctl');
    expect(run(bin, ['--version'], app)).to.match(/^sparkctl \d+\.\d+\.\d+/);
    const { status, stderr } = spawnSync(bin, ['status', '--url', 'http://127.0.0.1:9'], { cwd: app, encoding: 'utf8' });
    expect(status, stderr).to.equal(7);
  });

  it('type-check in a strict program (a proof checks the libraries too, which takes a minute)', () => {
    writeFileSync(join(app, 'typed.ts'), TYPED);
    const compilerOptions = {
      module: 'NodeNext',
      target: 'ES2022',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: process.env['SPARK_PROVE'] !== '1',
    };
    const typeRoots = [join(ROOT, 'node_modules', '@types')];
    const config = { compilerOptions: { ...compilerOptions, types: ['node'], typeRoots }, files: ['typed.ts'] };
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(config));
    expect(run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', app], app)).to.equal('');
  });

  it('bring a program that serves models and page from an empty folder', async () => {
    const place = join(folder, 'empty');
    mkdirSync(place);
    const program = join(app, 'node_modules', '.bin', 'spark-control');
    expect(run(program, ['--version'], place)).to.match(/^\d+\.\d+\.\d+\n$/);
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(program, { cwd: place, env: { PATH, HOME, PORT: '0' } });
    const ended = new Promise((resolve) => child.once('close', resolve));
    try {
      const url = await listening(child);
      const { items } = (await (await fetch(`${url}/api/models`)).json()) as { items: readonly unknown[] };
      expect(items.length).to.be.greaterThan(5);
      expect(await (await fetch(url)).text()).to.contain('<script');
    } finally {
      child.kill('SIGTERM');
    }
    expect(await ended).to.equal(0);
  });
});
