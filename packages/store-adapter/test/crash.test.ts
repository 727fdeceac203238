import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterKey } from '@spark-control/core';
import { expect } from 'chai';
import { idOf } from '../../core/test/support/journal-samples.ts';
import { chooseDriver } from '../src/database/driver.ts';
import { temporaryFolder } from './support/folders.ts';

const WRITER = fileURLToPath(new URL('./support/crash-writer.ts', import.meta.url));
const KILLS = process.env['SPARK_PROVE'] === '1' ? 60 : 2;

/** Lets a writer run for `ms` after its first commit, kills it, and returns what it had acknowledged until then. */
async function killedAfter(ms: number, folder: string, run: string, firstFence: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', WRITER, folder, run, String(firstFence)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), ms);
    output += text;
  });
  await new Promise((resolve) => child.on('close', resolve)); // the pipe is read to its end before anybody opens the folder
  return output.split('\n').slice(0, -1);
}

describe('a store whose process is killed', () => {
  const folder = temporaryFolder();

  it(`loses no acknowledged row in ${KILLS} kills at random moments`, async () => {
    let acknowledged = 0;
    let lastEvent = 0;
    let firstFence = 1;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const lines = await killedAfter(Math.random() * 120, folder.path(), `run${kill}`, firstFence);
      const store = await folder.open({ eventCap: 200 });
      for (const line of lines) {
        const [name = ''] = line.split(' ');
        expect(await store.journal.get(idOf(name)), name).to.include({ id: idOf(name) });
        expect(await store.journal.transitions(idOf(name)), name).to.have.length(1);
      }
      const numbers = lines.map((line) => Number(line.split(' ')[1]));
      expect(numbers[0]).to.be.greaterThan(lastEvent);
      const { newest } = await store.events.range();
      expect(newest).to.be.at.least(numbers.at(-1) ?? 0);
      lastEvent = newest;
      const fences = (await store.leases.leases(clusterKey('default'), 0)).map(({ fence }) => fence);
      expect(fences).to.include.members(lines.map((line) => Number(line.split(' ')[2])));
      firstFence = Math.max(...fences) + 1;
      // One audit entry and one lease of each entry, acknowledged or not: never one without the other.
      expect(await store.audit.verify()).to.deep.equal({ entries: fences.length, firstBroken: null });
      acknowledged += lines.length;
      await store.close();
    }
    expect(acknowledged).to.be.greaterThan(KILLS);
    const handle = chooseDriver().open(join(folder.path(), 'spark-control.db'));
    expect(handle.prepare('pragma integrity_check').all()).to.deep.equal([Object.assign(Object.create(null), { integrity_check: 'ok' })]);
    handle.close();
    if (process.env['SPARK_PROVE'] === '1') console.log(`      ${acknowledged} acknowledged rows, ${KILLS} kills, none lost`);
  }).timeout(KILLS * 8_000);
});
