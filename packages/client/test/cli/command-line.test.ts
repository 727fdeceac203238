import { expect } from 'chai';
import fc from 'fast-check';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { formatDuration, parseDuration } from '../../src/cli/duration.ts';
import { nearest } from '../../src/cli/suggest.ts';
import { plain } from '../../src/cli/text.ts';
import { Cli } from '../support/cli.ts';

const NOWHERE = 'http://127.0.0.1:1';

describe('the command line', () => {
  const cli = new Cli(NOWHERE);
  after(() => cli.remove());

  const wrong: readonly (readonly [words: string, says: string])[] = [
    ['swp qwen3-32b', 'there is no command "swp"; did you mean swap?'],
    ['frobnicate', 'there is no command "frobnicate"; "sparkctl help" lists them'],
    ['lock', 'lock needs one of: acquire, renew, release, show, break'],
    ['lock aquire', 'there is no "lock aquire"; did you mean acquire?'],
    ['swap', 'swap needs MODEL'],
    ['swap a b', '"b" is one word too many for swap'],
    ['swap a --wiat', 'there is no option --wiat; did you mean --wait?'],
    ['swap a --wait=yes', '--wait takes no value'],
    ['swap a --reason', '--reason needs a value: TEXT'],
    ['swap a --reason --wait', '--reason needs a value: TEXT'],
    ['swap a --timeout 5m', '--timeout goes with --wait'],
    ['swap a --wait --timeout soon', '--timeout takes a duration such as 90s, 30m, 2h, 1d or 1h30m, not "soon"'],
    ['swap a --wait --timeout 5', '--timeout takes a duration'],
    ['history --outcome redy', '--outcome is one of ready, failed, cancelled, rolled_back, not "redy"; did you mean ready?'],
    ['history --limit 0', '--limit is a number from 1 to 200'],
    ['lock acquire --ttl 2d', '--ttl has to be between 5s and 1d, not 2d'],
    ['lock renew', 'which lock? Set SPARK_LOCK_ID'],
    ['lock break --reason no', 'lock break needs a --reason of 8 to 500 characters'],
    ['with-lock ./job.sh', '"./job.sh" is one word too many; put -- before the command to run'],
    ['events --type swap,loc', '--type has "loc"; did you mean lock?'],
    ['webhooks create http://x --events swap_completed', 'there is no event "swap_completed"; did you mean swap_complete?'],
    ['schedule register x', 'schedule register needs --cron or --window'],
    ['schedule register x --cron @daily', '--cron needs --duration'],
    ['schedule register x --window now/then', '--window is START/END'],
    ['schedule register x --window 2026-11-21T08:00:00Z/2026-11-21T06:00:00Z', 'ends before it begins'],
    ['status --url nonsense', '--url: "nonsense" is no URL'],
    ['status --url http://me:pw@host', '--url: The URL may not carry a user name or password.'],
    ['status --config /nowhere/at/all', '/nowhere/at/all cannot be read (ENOENT)'],
    ['completion tcsh', 'completion takes one of bash, zsh, fish'],
  ];
  for (const [words, says] of wrong) {
    it(`says of "${words}": ${says}`, async () => {
      const { code, stdout, stderr } = await cli.run(words.split(' '));
      expect(stderr).to.contain(says);
      expect(code % 100).to.equal(2);
      expect(stdout).to.equal('');
    });
  }

  for (const words of [
    ['--key', 'sk-1'],
    ['--key=sk-1'],
    ['--api-key', 'sk-1'],
    ['--lock-id=sk-1'],
    ['--lock', 'sk-1'],
    ['--token', 'sk-1'],
  ]) {
    it(`refuses a secret as ${words[0]}, does not repeat it and says where it belongs`, async () => {
      const { code, stdout, stderr } = await cli.run(['status', ...words]);
      expect(code).to.equal(2);
      expect(stdout + stderr).not.to.contain('sk-1');
      expect(stderr).to.match(/others can read command lines; use (SPARK_API_KEY, --key-file|SPARK_LOCK_ID or --lock-file)/);
    });
  }

  it('takes options before and after the command', async () => {
    for (const words of [`--url ${NOWHERE}2 lock --quiet show`, `lock show -q --url=${NOWHERE}2`]) {
      const { code, stderr } = await cli.run(words.split(' '));
      expect(code).to.equal(7);
      expect(stderr).to.contain(`at ${NOWHERE}2 `);
    }
  });

  it('shows the overview when nothing is asked, as an error, and on request, as an answer', async () => {
    expect(await cli.run([])).to.include({ code: 2, stdout: '' });
    for (const words of [['help'], ['--help'], ['-h']]) {
      const { code, stdout } = await cli.run(words);
      expect(code).to.equal(0);
      for (const { name } of COMMANDS) expect(stdout).to.contain(`  ${name} `);
    }
  });

  for (const { name, examples, options } of COMMANDS) {
    it(`has help with examples for ${name}`, async () => {
      const asked = await cli.run([...name.split(' '), '--help']);
      expect(asked).to.deep.equal(await cli.run(['help', ...name.split(' ')]));
      expect(asked.code).to.equal(0);
      expect(asked.stdout).to.contain(`Usage: sparkctl ${name}`);
      expect(examples).not.to.have.length(0);
      for (const option of Object.keys(options)) expect(asked.stdout).to.contain(`--${option}`);
    });
  }

  it('tells its version', async () => {
    expect(await cli.run(['--version'])).to.deep.equal(await cli.run(['version']));
    expect(JSON.parse((await cli.run(['version', '--json'])).stdout)).to.have.keys('client', 'server');
  });
});

describe('durations', () => {
  for (const [text, seconds] of Object.entries({
    '90s': 90,
    '30m': 1_800,
    '2h': 7_200,
    '1d': 86_400,
    '1h30m': 5_400,
    '1.5h': 5_400,
    '0s': 0,
  })) {
    it(`are read: ${text} is ${seconds} s`, () => expect(parseDuration(text, '--ttl')).to.equal(seconds));
  }
  for (const text of ['', '5', 'h', '5 m', '-5m', '5m5', '5ms', '1e3s', '5M', '٥m']) {
    it(`are refused: "${text}"`, () => expect(() => parseDuration(text, '--ttl')).to.throw('--ttl takes a duration'));
  }
  it('are written so that they read the same again, to their two largest units', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 * 86_400 }), (seconds) => {
        const read = parseDuration(formatDuration(seconds), 'it');
        expect(read).to.be.at.most(seconds);
        expect(seconds - read).to.be.below(Math.max(1, seconds / 24));
      }),
    );
  });
});

describe('suggestions', () => {
  const words = ['swap', 'status', 'schedule', 'with-lock'];
  for (const [given, meant] of Object.entries({
    sawp: 'swap',
    stauts: 'status',
    sched: 'schedule',
    'with-lok': 'with-lock',
    zebra: null,
    x: null,
  })) {
    it(`find ${meant} for ${given}`, () => expect(nearest(given, words)).to.equal(meant));
  }
});

describe('text from elsewhere', () => {
  for (const [text, shown] of [
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;title\u0007', ']0;title '],
    ['\u009b31mred', '31mred'],
    ['a\r\nlocked by nobody', 'a  locked by nobody'],
    ['abc\u202edef', 'abcdef'],
    ['Zürich 🙂 日本', 'Zürich 🙂 日本'],
  ] as const) {
    it(`is made harmless: ${JSON.stringify(text)}`, () => expect(plain(text)).to.equal(shown));
  }
});
