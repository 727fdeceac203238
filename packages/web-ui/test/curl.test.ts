import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import fc from 'fast-check';
import { curlOf, shellWord, swapBody } from '../src/view-models/curl.ts';

const DEFAULTS = {
  drainSeconds: 30,
  rollback: true,
  replaceUnmanaged: false,
  forceRestart: false,
  queue: false,
  queueMinutes: null,
  reason: '',
};

describe('copy as curl', () => {
  it('sends only what differs from the defaults', () => {
    expect(swapBody('gemma-27b', 'default', DEFAULTS)).to.deep.equal({ model: 'gemma-27b', cluster: 'default' });
    expect(
      swapBody(null, 'solo', {
        drainSeconds: 0,
        rollback: false,
        replaceUnmanaged: true,
        forceRestart: true,
        queue: true,
        queueMinutes: 90,
        reason: 'x',
      }),
    ).to.deep.equal({
      model: null,
      cluster: 'solo',
      drain_seconds: 0,
      rollback: false,
      replace_unmanaged: true,
      force_restart: true,
      on_busy: 'queue',
      queue_seconds: 5400,
      reason: 'x',
    });
  });

  it('is a command that a shell reads as it was meant', () => {
    const command = curlOf('http://spark.local:9999', '/api/swap', { reason: `it's "late"; rm $HOME \`x\`` });
    const words = execFileSync('sh', ['-c', `${command.replace('curl', 'printf "%s\\n"')}`], { encoding: 'utf8' }).split('\n');
    expect(words.slice(0, 7)).to.deep.equal([
      '-X',
      'POST',
      'http://spark.local:9999/api/swap',
      '-H',
      'content-type: application/json',
      '-d',
      JSON.stringify({ reason: `it's "late"; rm $HOME \`x\`` }),
    ]);
  });

  it('quotes any word for a shell', () => {
    const words = fc.array(
      fc.string().filter((text) => !text.includes('\u0000')),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(words, (list) => {
        const script = `for w in ${list.map(shellWord).join(' ')}; do printf '%s\\0' "$w"; done`;
        expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).to.equal(list.map((word) => `${word}\0`).join(''));
      }),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 1_000 : 15 },
    );
  });
});
