import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterKey, hostKey, type PatchContent, type Service } from '@spark-control/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { describeServiceHost, LOGGED_SECRET, ORIGINAL, patchOf } from '../../core/test/contracts/service-host.contract.ts';
import { aCluster, aHost } from '../../core/test/support/builders.ts';
import { anyWord } from '../../core/test/support/hostile-words.ts';
import { aService } from '../../core/test/support/service-samples.ts';
import { SshServiceHost } from '../src/index.ts';
import { parseFacts } from '../src/service-facts.ts';
import { LocalHost } from './support/local-shell.ts';
import { rejection } from './support/rejection.ts';
import { printed, ScriptedShell } from './support/scripted-shell.ts';

const NEVER = new AbortController().signal;
const FAKE_DOCKER = readFileSync(fileURLToPath(new URL('./support/fake-docker.sh', import.meta.url)), 'utf8');

/** A container in a folder, under a fake docker that the real `sh` of this machine calls. */
class FakeContainer {
  readonly machine = new LocalHost().program('docker', FAKE_DOCKER).program('sleep', ':');
  readonly host = new SshServiceHost({ clusters: [aCluster()], pool: { shell: () => this.machine } });
  readonly service: Service = aService();
  #made = 0;

  constructor() {
    this.make();
  }

  make(): void {
    const digit = String(++this.#made);
    const facts = { id: digit.repeat(64), name: 'kokoro-tts', running: 'true', memory: '0', started: '2026-01-01T00:00:00Z' };
    rmSync(this.path('fs'), { recursive: true, force: true });
    for (const folder of ['container', 'fs/srv/app']) mkdirSync(this.path(folder), { recursive: true });
    for (const [name, text] of Object.entries({ ...facts, log: `API_KEY=${LOGGED_SECRET}\nready` }))
      this.machine.write(`container/${name}`, `${text}\n`);
    writeFileSync(this.path('fs/srv/app/known.py'), ORIGINAL);
    chmodSync(this.path('fs/srv/app/known.py'), 0o751);
  }

  path = (name: string): string => join(this.machine.folder, name);

  calls(): readonly string[] {
    return this.machine
      .read('calls')
      .split('\n')
      .filter((call) => call !== '');
  }
}

const made: FakeContainer[] = [];
const aContainer = (): FakeContainer => {
  const container = new FakeContainer();
  made.push(container);
  return container;
};
afterEach(async () => {
  for (const { machine } of made.splice(0)) await machine.close();
});

describeServiceHost('docker over a shell', async () => {
  const container = aContainer();
  const { host, service, path } = container;
  return {
    host,
    service,
    read: async (target) => (existsSync(path(`fs${target}`)) ? readFileSync(path(`fs${target}`), 'utf8') : null),
    makeAnew: async () => container.make(),
    remove: async () => rmSync(path('container/id')),
  };
});

describe('patches over a shell', () => {
  it('keep the mode of what they replace, and are for all to read where nothing was', async () => {
    const { host, service, path } = aContainer();
    const files = [patchOf('known', '/srv/app/known.py', 'new'), patchOf('fresh', '/srv/app/fresh.py', 'new')];
    await host.patches.apply(service, files, 'op_1', NEVER);
    expect([statSync(path('fs/srv/app/known.py')).mode & 0o7777, statSync(path('fs/srv/app/fresh.py')).mode & 0o7777]).to.deep.equal([
      0o751, 0o644,
    ]);
  });

  it('touch nothing that is a folder or a link', async () => {
    const { host, service, path } = aContainer();
    mkdirSync(path('fs/srv/app/folder'));
    const error = await rejection(host.patches.apply(service, [patchOf('odd', '/srv/app/folder', 'x')], 'op_1', NEVER));
    expect(error.message).to.equal('/srv/app/folder in kokoro-tts is no regular file; everything was left as it was.');
    expect(await host.patches.backup(service, NEVER)).to.equal(null);
  });

  it('refuse a target or a name that a backup would take for two, and whatever is no plain path', async () => {
    const { host, service, path } = aContainer();
    const odd = ['/srv/app/a\n0\t/etc/passwd', '/srv/app/', '/srv/../etc/passwd', '/srv//a', 'srv/a', '/srv/a\tb'];
    for (const files of [...odd.map((target) => patchOf('one', target, 'x')), patchOf('a\n0\t/srv/app/known.py', '/srv/app/new', 'x')]) {
      expect((await rejection(host.patches.apply(service, [files], 'op_1', NEVER))).message).to.match(/patch/);
    }
    expect(await host.patches.backup(service, NEVER)).to.equal(null);
    expect(existsSync(path('fs/srv/app/new'))).to.equal(false);
  });

  it('and all else are for the container of that name, not for one whose id begins like it', async () => {
    const { host, machine } = aContainer();
    machine.write('container/id', `${'face'.repeat(16)}\n`);
    const service = aService({ container: 'face' });
    expect(await host.facts(service, NEVER)).to.equal(null);
    for (const attempt of [
      () => host.restart(service, NEVER),
      () => host.limitMemory(service, 2 ** 30, NEVER),
      () => host.logs(service, 5, NEVER),
      () => host.patches.inspect(service, [patchOf('p', '/srv/app/known.py', 'x')], NEVER),
    ])
      expect((await rejection(attempt())).message).to.match(/[Tt]here is no container face/);
    expect(machine.read('calls')).to.not.match(/^(?:restart|update|cp|logs)/m);
  });

  it('say which program the host lacks', async () => {
    const shell = new ScriptedShell('spark1', () => printed('outcome tool base64\n'));
    const host = new SshServiceHost({ clusters: [aCluster()], pool: { shell: () => shell } });
    expect((await rejection(host.patches.backup(aService(), NEVER))).message).to.contain('spark1 has no program base64');
  });

  it('run no other command for whatever their names, targets and content say', async () => {
    const numRuns = process.env['SPARK_PROVE'] === '1' ? 200 : 8;
    const container = aContainer();
    const { host, service, path } = container;
    await fc.assert(
      fc.asyncProperty(anyWord, anyWord, async (word, text) => {
        const target = `/srv/app/${word.replace(/[/\p{Cc}\p{Surrogate}]/gu, '_').slice(0, 60) || 'x'}`;
        if (/\/\.{1,2}$/.test(target)) return;
        const files: readonly PatchContent[] = [{ ...patchOf('p', target, text), name: word.replace(/[\p{Cc}\p{Surrogate}]/gu, '_') }];
        const before = container.calls().length;
        await host.patches.apply(service, files, `op_${before}`, NEVER);
        expect(readFileSync(path(`fs${target}`), 'utf8')).to.equal(Buffer.from(files[0]!.content).toString());
        for (const call of container.calls().slice(before))
          expect(call).to.match(/^(container inspect|cp (kokoro-tts:\/srv\/app\/|- kokoro-tts:\/srv\/app$))/);
        await host.patches.undo(service, `op_${before}`, NEVER);
        expect(existsSync(path(`fs${target}`))).to.equal(false);
      }),
      { numRuns },
    );
  }).timeout(120_000);
});

describe('the host of a service', () => {
  const second = aCluster({ key: clusterKey('second'), hosts: [aHost('spark3', 'fd00::3')] });
  function scripted(answer: string) {
    const asked: string[] = [];
    const shell = new ScriptedShell('spark', () => printed(answer));
    const pool = {
      shell: ({ key, user }: { key: string; user: string }) => {
        asked.push(`${user}@${key}`);
        return shell;
      },
    };
    return { asked, shell, host: new SshServiceHost({ clusters: [aCluster(), second], pool }) };
  }

  it('is logged in to by the user of the service, else by its own', async () => {
    const { asked, host } = scripted('outcome running\n');
    await host.restart(aService(), NEVER);
    await host.restart(aService({ host: hostKey('spark3'), user: 'audio' }), NEVER);
    expect(asked).to.deep.equal(['spark@spark1', 'audio@spark3']);
  });

  for (const { outcome, says } of [
    { outcome: 'outcome missing\n', says: 'there is no container kokoro-tts on spark1' },
    { outcome: 'outcome stopped\n', says: 'ended right after its start' },
    { outcome: '', says: 'docker on spark1 refused' },
  ]) {
    it(`says what came of a restart that failed: ${outcome.trim() || 'nothing'}`, async () => {
      const error = await rejection(scripted(outcome).host.restart(aService(), NEVER));
      expect(error).to.include({ code: 'RUNTIME_REJECTED' });
      expect(error.message).to.contain(says);
    });
  }

  it('leaves the model server of a cluster to swaps', async () => {
    const { host, shell } = scripted('');
    const error = await rejection(host.restart(aService({ container: 'vllm_node' }), NEVER));
    expect(error.code).to.equal('NOT_SUPPORTED');
    expect(error.message).to.contain('swap with force_restart');
    expect(shell.scripts).to.deep.equal([]);
  });

  it('is not known to have done what the link was lost over', async () => {
    const shell = new ScriptedShell('spark1', () => ({ ...printed(''), exitCode: null }));
    const host = new SshServiceHost({ clusters: [aCluster()], pool: { shell: () => shell } });
    expect(await rejection(host.restart(aService(), NEVER))).to.include({ code: 'HOST_UNREACHABLE' });
  });

  it('takes no word for a cap that docker did not set', async () => {
    const { host } = scripted('limit 0 of 1000000000\n');
    expect((await rejection(host.limitMemory(aService(), 100_000_000, NEVER))).message).to.contain('left the memory limit');
  });

  it('counts memory as the kernel does, or as docker says', () => {
    const of = (used: string) =>
      parseFacts(
        `\u001einspect\n{"id":"a","name":"/b","state":{"Status":"exited","StartedAt":"0001-01-01T00:00:00Z","Health":{"Status":"healthy"}},"memory":1073741824}\n\u001etotal\nMemTotal: 1048576 kB\n\u001eused\n${used}\n\u001eend\n`,
      );
    expect(of('kernel 5000 1000')).to.include({ memoryUsedBytes: 4_000, startedAt: null, health: 'healthy', memoryLimitBytes: null });
    expect(of('docker 1.5GiB / 8GiB')).to.include({ memoryUsedBytes: 1.5 * 2 ** 30 });
    expect(of('')).to.include({ memoryUsedBytes: null, restarts: null });
    expect(parseFacts('\u001einspect\nnot json')).to.equal(null);
  });
});
