import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { afterBegin, section, sectionsOf, wrapScript } from '../src/script-text.ts';

const isProof = process.env['SPARK_PROVE'] === '1';

/** Feeds text to `sh -s` as its whole standard input. In a session of its own: at the end of input the watcher ends its process group. */
const feed = (shell: string, text: string, cwd: string): void => {
  spawnSync('setsid', ['-w', shell, '-s'], { input: text, cwd, timeout: 5000 });
};

describe('a script on its way to the host', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spark-script-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  for (const shell of ['dash', 'bash']) {
    it(`does nothing in ${shell} when the link is cut before all of it arrived`, () => {
      const script = `touch first\ntouch second; cat <<'END' >third\n}\ntext\nEND\ntouch fourth`;
      const whole = wrapScript(script);
      const lastByteThatMatters = whole.trimEnd().length;
      fc.assert(
        fc.property(fc.integer({ min: 0, max: lastByteThatMatters - 1 }), (length) => {
          feed(shell, whole.slice(0, length), folder);
          expect(['first', 'second', 'third', 'fourth'].filter((name) => existsSync(join(folder, name)))).to.deep.equal([]);
        }),
        { numRuns: isProof ? 1000 : 60 },
      );
    });
  }

  it('keeps only what came after the mark, whatever a start-up file of the shell printed', () => {
    expect(afterBegin('Welcome!\n\u001ebegin\nhello\n')).to.equal('hello\n');
    expect(afterBegin('This account is currently not available.\n')).to.equal(null);
    expect(afterBegin('\u001ebegin\n')).to.equal('');
  });
});

describe('sections of output', () => {
  it('are found by name, and a missing one is missing', () => {
    const sections = sectionsOf('noise\u001ememory\nMemTotal: 1 kB\n\u001eport\n');
    expect([...sections]).to.deep.equal([
      ['memory', 'MemTotal: 1 kB\n'],
      ['port', ''],
    ]);
    expect(sections.get('containers')).to.equal(undefined);
  });

  it('are begun by a command of plain sh', () => {
    const output = spawnSync('sh', ['-c', section('memory')], { encoding: 'utf8' }).stdout;
    expect(output).to.equal('\u001ememory\n');
  });
});
