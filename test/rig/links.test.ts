import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually, firstLine } from './support/commands.ts';
import { takePort } from './support/hosts.ts';
import { sshTo } from './support/login.ts';
import { SUPPORT } from './support/paths.ts';
import { startProxy } from './support/proxy.ts';
import { startRig } from './support/rig.ts';
import { useRig } from './support/suite.ts';

/** A connection whose received text and end can be looked at. */
function talk(port: number): Readonly<{ say(text: string): void; heard(): string; ended(): boolean; close(): void }> {
  const socket = createConnection({ host: '127.0.0.1', port });
  let text = '';
  let isOver = false;
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isOver = true;
  });
  return { say: (words) => socket.write(words), heard: () => text, ended: () => isOver, close: () => socket.destroy() };
}

describe('the proxy before a host', () => {
  let echo: Server;
  let port = 0;
  before(async () => {
    echo = createServer((socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    });
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    port = (echo.address() as { port: number }).port;
  });
  after(() => {
    echo.close();
  });

  it('cuts what is open and lets new connections through', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port });
    const first = talk(proxy.port);
    first.say('one');
    await eventually('an echo', () => first.heard() === 'one');
    proxy.cut();
    await eventually('the end', first.ended);
    const second = talk(proxy.port);
    second.say('two');
    await eventually('an echo', () => second.heard() === 'two');
    expect(proxy.connections()).to.have.length(2);
    second.close();
    await proxy.stop();
  });

  it('freezes both directions, also of new connections, and loses nothing', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port });
    const old = talk(proxy.port);
    old.say('a');
    await eventually('an echo', () => old.heard() === 'a');
    proxy.freeze();
    const fresh = talk(proxy.port);
    old.say('b');
    fresh.say('c');
    await eventually('the new connection', () => proxy.open() === 2);
    // Passes in both directions through another proxy meanwhile: had the first let anything on, it would be here by now.
    const other = await startProxy({ host: '127.0.0.1', port });
    const witness = talk(other.port);
    witness.say('w');
    await eventually('the witness', () => witness.heard() === 'w');
    expect([old.heard(), fresh.heard(), old.ended()]).to.deep.equal(['a', '', false]);
    proxy.thaw();
    await eventually('the rest', () => old.heard() === 'ab' && fresh.heard() === 'c');
    for (const each of [old, fresh, witness]) each.close();
    await Promise.all([proxy.stop(), other.stop()]);
  });

  it('refuses for a while, and listens on the same port again', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port });
    await proxy.refuse();
    const refused = talk(proxy.port);
    await eventually('a refusal', refused.ended);
    await proxy.accept();
    const welcome = talk(proxy.port);
    welcome.say('x');
    await eventually('an echo', () => welcome.heard() === 'x');
    welcome.close();
    await proxy.stop();
  });
});

describe('the cables and ports of the rig', function () {
  this.timeout(60_000);
  const rig = useRig();

  it('can be pulled and plugged in again, one host at a time', async () => {
    const [head, worker] = rig().hosts;
    await rig().network.setLink(head!.name, 'down');
    const ask = `timeout 2 bash -c '</dev/tcp/${head!.address}/22'`;
    expect((await sshTo(rig(), worker!, ask)).code).not.to.equal(0);
    await rig().network.setLink(head!.name, 'up');
    await eventually('the link', async () => (await sshTo(rig(), worker!, ask)).code === 0);
  });

  it('can be taken by something that is no container', async () => {
    const [head] = rig().hosts;
    const giveBack = await takePort(head!, 8000);
    const listeners = (): Promise<string> => sshTo(rig(), head!, 'ss -Hltn sport = :8000').then((answer) => answer.stdout);
    expect(await listeners()).to.include('0.0.0.0:8000');
    await giveBack();
    expect(await listeners()).to.equal('');
  });
});

describe('a rig beside another', function () {
  this.timeout(90_000);
  useRig();

  it('has addresses of its own', async () => {
    const first = await startRig({ hosts: 1 });
    const second = await startRig({ hosts: 1 });
    try {
      const [host] = second.hosts;
      expect(host!.address).not.to.equal(first.hosts[0]!.address);
      expect((await sshTo(second, host!, 'docker ps -q')).code).to.equal(0);
    } finally {
      await second.stop();
      await first.stop();
    }
    expect(existsSync(second.directory)).to.equal(false);
  });

  it('leaves no process behind when its test process is killed', async () => {
    const program = `import(${JSON.stringify(join(SUPPORT, 'rig.ts'))}).then(async ({ startRig }) => {
      const rig = await startRig({ hosts: 1 });
      console.log([rig.hosts[0].pid, rig.directory].join(' '));
    });`;
    const child: ChildProcess = spawn(process.execPath, ['--import=tsx', '--conditions=source', '--eval', program], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [pid, directory] = (await firstLine(child, 'the other rig')).split(' ');
    expect(existsSync(`/proc/${pid}`)).to.equal(true);
    child.kill('SIGKILL');
    await eventually('the host to be gone', () => !existsSync(`/proc/${pid}`));
    const next = await startRig({ hosts: 1 });
    await next.stop();
    expect(existsSync(directory ?? '')).to.equal(false);
  });
});
