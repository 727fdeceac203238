import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { nearestFolder } from '../src/free-space.ts';
import { DISK_FUNCTION, parseDisks } from '../src/host-system.ts';
import { LocalHost } from './support/local-shell.ts';

const NEVER = new AbortController().signal;

describe('the disks of a host', () => {
  let machine: LocalHost;
  beforeEach(() => {
    machine = new LocalHost();
  });
  afterEach(() => machine.close());
  const run = async (script: string): Promise<string> => (await machine.run(script, { timeoutMs: 4_000, signal: NEVER })).stdout;

  it('are told but for the one whose server is gone, before whoever polls gives the host up', async () => {
    machine.program('df', 'case "$*" in *gone*) exec sleep 30.5 ;; esac\nexec /bin/df "$@"');
    const disks = parseDisks(await run(`${DISK_FUNCTION}\nspark_disks 'root cache boot' / /gone /`));
    expect(disks.map(({ role }) => role)).to.deep.equal(['root', 'boot']);
  }).timeout(4_000);

  it('are those of the nearest folder that is there', async () => {
    mkdirSync(join(machine.home, "it's here"));
    const found = async (folder: string): Promise<string> => await run(`${nearestFolder(folder)}\nprintf '%s' "$spark_folder"`);
    expect(await found("~/it's here/a $(b)/c")).to.equal(join(machine.home, "it's here"));
    expect(await found("~/it's here")).to.equal(join(machine.home, "it's here"));
    expect(await found('~')).to.equal(machine.home);
    expect(await found('/nowhere/at/all')).to.equal('/');
    expect(await found('-nowhere')).to.equal('/');
  });
});
