import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { aHost } from '../../core/test/support/builders.ts';
import { anyWord } from '../../core/test/support/hostile-words.ts';
import { pullJob } from '../src/image-pull.ts';
import { PullReading, pullFailure } from '../src/pull-reading.ts';

const LAYER = 'a1b2c3d4e5f6';
const line = (status: string, extra: object = {}): string => JSON.stringify({ status, ...extra });
const bytes = (current: number, total = 1_000): object => ({ progressDetail: { current, total }, progress: '[=> ]', id: LAYER });

/** What the engine says of a pull, one JSON line after the other. */
const PULL = [
  line('Pulling from library/thing', { id: 'latest' }),
  line('Pulling fs layer', { progressDetail: {}, id: LAYER }),
  ...Array.from({ length: 1_000 }, (_, at) => line('Downloading', bytes(at + 1))),
  line('Download complete', { progressDetail: {}, id: LAYER }),
  line('Extracting', bytes(500)),
  line('Pull complete', { progressDetail: {}, id: LAYER }),
  line('Digest: sha256:abc'),
  line('Status: Downloaded newer image for thing:latest'),
];

describe('a pull', function () {
  this.timeout(20_000);
  let folder: string;
  let engine: Server;
  let asked: string[];
  let answer: { status: number; lines: readonly string[] };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spark-pull-'));
    mkdirSync(join(folder, 'job'));
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/docker'), `#!/bin/sh\nprintf '%s\\n' "$@" >"${folder}/docker.argv"\necho "docker says no"\nexit 7\n`);
    chmodSync(join(folder, 'bin/docker'), 0o755);
    asked = [];
    answer = { status: 200, lines: PULL };
    engine = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(answer.status).end(answer.lines.map((each) => `${each}\r\n`).join(''));
    });
    await new Promise<void>((resolve) => engine.listen(join(folder, 'docker.sock'), resolve));
  });
  afterEach(async () => {
    engine.closeAllConnections();
    await new Promise((resolve) => engine.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (image: string): Promise<Readonly<{ code: number | null; lines: readonly string[] }>> => {
    const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, DOCKER_HOST: `unix://${join(folder, 'docker.sock')}` };
    const sh = spawn('sh', ['-s'], { env: { ...env, spark_job: join(folder, 'job') } });
    sh.stdin.end(pullJob(image).script);
    let output = '';
    sh.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const code = await new Promise<number | null>((resolve) => sh.on('close', resolve));
    return { code, lines: output.split('\n').filter((each) => each !== '') };
  };

  it('asks the engine for one tag and tells the bytes of each layer, in steps', async () => {
    const { code, lines } = await run('registry.lan:5000/org/thing:v1');
    expect(code).to.equal(0);
    expect(asked).to.deep.equal(['POST /images/create?fromImage=registry.lan%3A5000%2Forg%2Fthing&tag=v1']);
    const reading = new PullReading(aHost('spark1', '::1'));
    const progress = lines.flatMap((each) => reading.read(each) ?? []);
    expect(progress.length).to.be.within(40, 70);
    expect(progress.map(({ phase }) => phase).filter((phase, at, all) => phase !== all[at - 1])).to.deep.equal([
      ...['waiting', 'downloading', 'extracting', 'done'],
    ]);
    expect(progress.at(-1)).to.deep.equal({
      ...{ host: 'spark1', layer: LAYER, phase: 'done', doneBytes: 1_000, totalBytes: 1_000, note: null },
    });
    expect(lines.filter((each) => new PullReading(aHost('spark1', '::1')).read(each) === null)).to.deep.equal([
      'latest: Pulling from library/thing',
      'Digest: sha256:abc',
      'Status: Downloaded newer image for thing:latest',
    ]);
    expect(existsSync(join(folder, 'docker.argv'))).to.equal(false);
  });

  for (const [image, query] of [
    ['thing', 'fromImage=thing&tag=latest'],
    ['org/thing', 'fromImage=org%2Fthing&tag=latest'],
    ['host:5000/thing', 'fromImage=host%3A5000%2Fthing&tag=latest'],
    [`thing:v1@sha256:${'a'.repeat(64)}`, `fromImage=thing&tag=sha256%3A${'a'.repeat(64)}`],
    [`host:5000/thing@sha256:${'b'.repeat(64)}`, `fromImage=host%3A5000%2Fthing&tag=sha256%3A${'b'.repeat(64)}`],
  ] as const) {
    it(`never asks for all tags: ${image.slice(0, 30)}`, async () => {
      await run(image);
      expect(asked).to.deep.equal([`POST /images/create?${query}`]);
    });
  }

  for (const [what, trouble] of [
    ['in its middle', { status: 200, lines: [...PULL.slice(0, 100), '{"errorDetail":{"message":"broken"},"error":"broken"}'] }],
    ['at once', { status: 404, lines: ['{"message":"pull access denied for thing"}'] }],
  ] as const) {
    it(`is left to docker pull, which knows the logins, when the engine refuses ${what}`, async () => {
      answer = trouble;
      const { code, lines } = await run('thing:v1');
      expect(code).to.equal(7);
      expect(lines.at(-1)).to.equal('docker says no');
      expect(readFileSync(join(folder, 'docker.argv'), 'utf8')).to.equal('pull\nthing:v1\n');
    });
  }

  it('takes nothing for an image that is none', () => {
    fc.assert(
      fc.property(anyWord, (word) => {
        let job: string;
        try {
          job = pullJob(word).script;
        } catch (error) {
          expect((error as { code: string }).code).to.equal('UNSAFE_ARGUMENT');
          return;
        }
        expect(spawnSync('sh', ['-n'], { input: job }).status).to.equal(0);
      }),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 1_000 : 40 },
    );
  });

  it('is read from the lines of docker pull as well', () => {
    const reading = new PullReading(aHost('spark1', '::1'));
    const phases = ['Pulling fs layer', 'Verifying Checksum', 'Download complete', 'Pull complete'].map(
      (status) => reading.read(`${LAYER}: ${status}`)?.phase,
    );
    expect(phases).to.deep.equal(['waiting', 'extracting', 'extracting', 'done']);
    expect(reading.read('Digest: sha256:abc')).to.equal(null);
  });

  for (const [said, code, words] of [
    ['write /var/lib/docker/tmp: no space left on device', 'NOT_ENOUGH_DISK', 'full'],
    ['no matching manifest for linux/arm64/v8 in the manifest list entries', 'RUNTIME_REJECTED', 'processor'],
    ['pull access denied for vllm-node, repository does not exist', 'RUNTIME_REJECTED', 'No registry'],
    ['unauthorized: authentication required', 'RUNTIME_REJECTED', 'refuses'],
    ['dial tcp: lookup registry.lan: no such host', 'RUNTIME_REJECTED', 'could not reach'],
    ['permission denied while trying to connect to the Docker daemon socket', 'RUNTIME_REJECTED', 'cannot be used'],
    ['something new', 'RUNTIME_REJECTED', 'something new'],
  ] as const) {
    it(`says in words: ${said}`, () => {
      const failure = pullFailure('vllm-node', aHost('spark1', '::1'), 1, [said]);
      expect(failure.code).to.equal(code);
      expect(failure.message).to.contain(words);
    });
  }
});
