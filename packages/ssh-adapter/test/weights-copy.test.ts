import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { aCluster, aHost } from '../../core/test/support/builders.ts';
import { copyJob } from '../src/weights-copy.ts';
import { eventually } from './support/eventually.ts';
import { LocalHost } from './support/local-shell.ts';

/** A peer without rsync that sends one file, and then nothing more. */
const PEER = `case $* in
  *'command -v rsync'*) exit 1 ;;
  *'tar -C'*)
    mkdir -p "$SPARK_FOLDER/there/models--acme--one/blobs" && head -c 200000 /dev/zero >"$SPARK_FOLDER/there/models--acme--one/blobs/a"
    tar -C "$SPARK_FOLDER/there" -cf - models--acme--one | head -c 102400
    exec sleep 61.5 ;;
esac`;

describe('a copy of weights without rsync', () => {
  it('leaves nothing beside the cache when it is ended half-way', async () => {
    const machine = new LocalHost().program('ssh', PEER);
    const hub = join(machine.home, 'cache', 'hub');
    const { script } = copyJob({
      repo: 'acme/one',
      cluster: aCluster({ hfCache: '~/cache' }),
      peer: aHost('spark2', '10.0.0.2'),
      direction: 'pull',
      job: 'op_1',
    });
    const env = { HOME: machine.home, SPARK_FOLDER: machine.folder, PATH: `${machine.bin}:/usr/bin:/bin` };
    const child = spawn('sh', ['-s'], { env, detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    const closed = once(child, 'close');
    child.stdin.end(`mkdir -p "$HOME/cache/hub"\n${script}`);
    try {
      await eventually(() => existsSync(join(hub, '.spark-copy-op_1', 'models--acme--one', 'blobs', 'a')));
    } finally {
      process.kill(-(child.pid ?? 0), 'SIGTERM');
      await closed;
    }
    await eventually(() => !existsSync(join(hub, '.spark-copy-op_1')));
    expect(readdirSync(join(hub, 'models--acme--one', 'blobs'))).to.deep.equal([]);
    await machine.close();
  });
});
