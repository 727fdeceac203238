import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterKey } from '@spark-control/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { aCluster, aHost } from '../../core/test/support/builders.ts';
import { anyWord } from '../../core/test/support/hostile-words.ts';
import { type ServiceEntry, SshServices } from '../src/index.ts';
import { probeService } from '../src/service-probe.ts';
import { rejection } from './support/rejection.ts';
import { printed, ScriptedShell } from './support/scripted-shell.ts';

const NEVER = new AbortController().signal;
const aService = (over: Partial<ServiceEntry> = {}): ServiceEntry => ({
  ...{ key: 'kokoro-tts', name: 'Kokoro', kind: 'text_to_speech', url: null, host: null, port: 8880, healthPath: '/health' },
  ...{ container: 'kokoro-tts', isDisabled: false },
  ...over,
});

const second = aCluster({ key: clusterKey('second'), hosts: [aHost('spark3', 'fd00::3')] });

function over(services: readonly ServiceEntry[], answer: (script: string) => ReturnType<typeof printed> | Error = () => printed('')) {
  const shells = new Map<string, ScriptedShell>();
  const pool = {
    shell: ({ key, name }: { key: string; name: string }) => {
      const shell = shells.get(key) ?? new ScriptedShell(name, answer);
      shells.set(key, shell);
      return shell;
    },
  };
  return { shells, services: new SshServices({ services, clusters: [aCluster(), second], pool }) };
}

describe('services on the hosts', () => {
  it('are restarted by the name of their container, on their host', async () => {
    const { services, shells } = over([aService({ host: 'spark2' })], () => printed('outcome running\n'));
    await services.restart('kokoro-tts', NEVER);
    expect([...shells.keys()]).to.deep.equal(['spark2']);
    expect(shells.get('spark2')?.scripts[0]).to.contain('docker restart kokoro-tts ');
  });

  it('run on the head of the first cluster where no host is named', async () => {
    const { services, shells } = over([aService()], () => printed('outcome running\n'));
    await services.restart('kokoro-tts', NEVER);
    expect([...shells.keys()]).to.deep.equal(['spark1']);
  });

  for (const { of, entry, says } of [
    { of: 'one without a container', entry: aService({ container: null }), says: 'does not name its container' },
    { of: 'one that runs elsewhere', entry: aService({ url: 'http://tts.lan', port: null }), says: 'configured by its url' },
    { of: 'one whose container is no name', entry: aService({ container: '--help' }), says: 'no container name' },
    { of: 'one on a host of no cluster', entry: aService({ host: 'gone' }), says: 'in no cluster' },
    { of: 'the model server itself', entry: aService({ container: 'vllm_node' }), says: 'swap with force_restart' },
    { of: 'one that is disabled', entry: aService({ isDisabled: true }), says: 'disabled' },
  ]) {
    it(`are not restarted: ${of}`, async () => {
      const { services, shells } = over([entry]);
      const error = await rejection(services.restart('kokoro-tts', NEVER));
      expect(error).to.include({ code: 'INVALID_SETTINGS' });
      expect(error.message).to.contain(says);
      expect(shells.size).to.equal(0);
    });
  }

  for (const { outcome, says } of [
    { outcome: 'outcome missing\n', says: 'there is no container kokoro-tts on spark1' },
    { outcome: 'outcome stopped\n', says: 'ended right after its start' },
    { outcome: 'outcome refused\n', says: 'docker on spark1 refused' },
    { outcome: '', says: 'docker on spark1 refused' },
  ]) {
    it(`say what came of a restart that failed: ${outcome.trim() || 'nothing'}`, async () => {
      const error = await rejection(over([aService()], () => printed(outcome)).services.restart('kokoro-tts', NEVER));
      expect(error).to.include({ code: 'RUNTIME_REJECTED' });
      expect(error.message).to.contain(says);
    });
  }

  it('are not known to be restarted when the link was lost', async () => {
    const { services } = over([aService()], () => ({ ...printed(''), exitCode: null }));
    expect(await rejection(services.restart('kokoro-tts', NEVER))).to.include({ code: 'HOST_UNREACHABLE' });
  });

  it('never put anything but a checked name into a script', async () => {
    await fc.assert(
      fc.asyncProperty(anyWord, async (container) => {
        const { services, shells } = over([aService({ container })], () => printed('outcome running\n'));
        await services.restart('kokoro-tts', NEVER).catch(() => undefined);
        const [script] = shells.get('spark1')?.scripts ?? [];
        if (script !== undefined) expect(container).to.match(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/);
      }),
      { numRuns: 100 },
    );
  });

  it('wait for the lock of the cluster on whose GPU they work', () => {
    const { services } = over([
      aService(),
      aService({ key: 'tei', kind: 'embeddings', host: 'spark3' }),
      aService({ key: 'qdrant', kind: 'vector_store' }),
      aService({ key: 'far', url: 'http://tts.lan', port: null }),
      aService({ key: 'off', isDisabled: true }),
    ]);
    expect(services.keys()).to.deep.equal(['kokoro-tts', 'tei', 'qdrant', 'far']);
    expect(services.keys().map((key) => services.gpuOf(key))).to.deep.equal(['default', 'second', null, null]);
    expect(services.gpuOf('nothing')).to.equal(null);
  });
});

describe('the script of a restart', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spark-docker-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function run(restart: string, inspect: string): Promise<string> {
    const docker = `#!/bin/sh\necho "$@" >> '${folder}/calls'\ncase $1 in restart) ${restart} ;; inspect) ${inspect} ;; esac\n`;
    writeFileSync(join(folder, 'docker'), docker);
    writeFileSync(join(folder, 'sleep'), '#!/bin/sh\n');
    for (const name of ['docker', 'sleep']) chmodSync(join(folder, name), 0o755);
    const { services, shells } = over([aService()], () => printed('outcome running\n'));
    await services.restart('kokoro-tts', NEVER);
    const script = shells.get('spark1')?.scripts[0] ?? '';
    return spawnSync('sh', ['-s'], { input: script, encoding: 'utf8', env: { PATH: `${folder}:/usr/bin:/bin` } }).stdout;
  }

  it('tells a restart from a container that is missing, one that ends, and a docker that refuses', async () => {
    expect(await run('echo kokoro-tts', 'echo true')).to.equal('outcome running\n');
    expect(await run('echo kokoro-tts', 'echo false')).to.equal('outcome stopped\n');
    expect(await run('echo "Error response from daemon: No such container: x" >&2; exit 1', ':')).to.equal('outcome missing\n');
    expect(await run('echo "permission denied" >&2; exit 1', ':')).to.equal('outcome refused\n');
  });
});

describe('the health of services', () => {
  let server: Server;
  let port: number;
  let status = 200;
  beforeEach(async () => {
    server = createServer((request, response) => {
      if (status > 0) response.writeHead(request.url === '/health' ? status : 404).end('x'.repeat(100_000));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    status = 200;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('is asked of each, where it is configured', async () => {
    const url = `http://127.0.0.1:${port}`;
    const entries = [aService({ url, port: null }), aService({ key: 'lost', host: 'gone' }), aService({ key: 'off', isDisabled: true })];
    expect(await over(entries).services.health(NEVER)).to.deep.equal([
      { service: 'kokoro-tts', ok: true, detail: 'It answers.' },
      { service: 'lost', ok: false, detail: 'Its host gone is in no cluster.' },
    ]);
  });

  it('tells a bad status from silence and from nobody', async () => {
    const url = `http://127.0.0.1:${port}/health`;
    status = 503;
    expect(await probeService(url, NEVER)).to.deep.equal({ ok: false, detail: 'It answers with status 503.' });
    status = 0;
    expect(await probeService(url, NEVER, 50)).to.deep.equal({ ok: false, detail: 'It does not answer: there was nothing within 0.05 s.' });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await probeService(url, NEVER)).to.deep.equal({ ok: false, detail: 'It does not answer: the connection was refused.' });
    server.listen(0);
  });

  it('stops asking when nobody waits any more', async () => {
    status = 0;
    const gone = new AbortController();
    const asked = probeService(`http://127.0.0.1:${port}/health`, gone.signal);
    const reason = new Error('the control plane stops');
    gone.abort(reason);
    expect(await asked.catch((error: unknown) => error)).to.equal(reason);
  });
});
