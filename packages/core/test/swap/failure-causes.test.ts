import { expect } from 'chai';
import fc from 'fast-check';
import { classifyFailure } from '../../src/index.ts';
import { FAILURE_SIGNATURES } from '../../src/swap/failure-causes.ts';
import { FAILURE_TEXTS, raised } from '../support/failure-texts.ts';
import { HOSTILE_TEXTS } from '../support/log-fixtures.ts';

const RUNS = process.env['SPARK_PROVE'] === '1' ? 10_000 : 300;
const crashed = { exitCode: 1, fallback: 'MODEL_CRASHED', message: 'The model server died.' } as const;
const stuck = { exitCode: null, fallback: 'NO_PROGRESS', message: 'Nothing moved for 600 s.' } as const;
describe('classifyFailure', () => {
  for (const [name, line, code, words, hint] of FAILURE_TEXTS) {
    it(`explains ${name}`, () => {
      const cause = classifyFailure(['some line', line, 'another line'], crashed);
      expect(cause.code).to.equal(code);
      expect(cause.message).to.include(words);
      expect(cause.hint).to.include(hint);
      expect(cause.logTail).to.have.lengthOf(3);
    });
  }

  it('has a row in the table for every signature', () => {
    const untested = FAILURE_SIGNATURES.filter(({ pattern }) => !FAILURE_TEXTS.some(([, line]) => pattern.test(line)));
    expect(untested.map(({ name }) => name)).to.deep.equal([]);
  });

  const slow: readonly (readonly [name: string, line: string, says: string, hint: string])[] = [
    [
      'Ray waiting for a worker',
      'INFO 11-21 12:00:00 [ray_utils.py:1] Waiting for creating a placement group of specs for 100 seconds.',
      'could not place',
      'without Ray',
    ],
    [
      'ranks that do not answer',
      'INFO 11-21 12:00:00 [shm.py:1] No available shared memory broadcast block found in 60 seconds.',
      'stopped answering',
      'enable-linger',
    ],
    [
      'a stall among the weights',
      'Loading safetensors checkpoint shards:  22% Completed | 11/49 [04:29<18:47, 29.67s/it]',
      'It stood at "weights 11/49"',
      'page cache',
    ],
    ['silent compiling', 'INFO 11-21 12:00:00 [a.py:1] Dynamo bytecode transform time: 8.69 s', 'compiling', 'raise the limit'],
    [
      'a hang in capture that the log hides',
      'INFO 11-21 12:00:00 [a.py:1] Maximum concurrency for 131,072 tokens per request: 55.15x',
      'KV cache',
      '580.x',
    ],
    ['a hang in capture', 'Capturing CUDA graphs (decode, FULL):  75%|###| 38/51 [00:09<00:03]', 'capturing graphs 38/51', '590.x'],
    ['a launcher that hangs', 'Checking SSH connectivity to worker nodes...', 'checking the hosts', 'launcher'],
    ['ranks that do not join', 'INFO 11-21 12:00:00 [a.py:1] world_size=2 rank=0 local_rank=0', 'joining the ranks', 'link'],
    ['a server that does not come up', 'INFO:     Waiting for application startup.', 'starting server', 'HTTP server'],
  ];
  for (const [name, line, words, hint] of slow) {
    it(`explains ${name} after a deadline, and keeps the code of the deadline`, () => {
      const cause = classifyFailure([line], stuck);
      expect(cause).to.include({ code: 'NO_PROGRESS' });
      expect(cause.message).to.include(words);
      expect(cause.hint).to.include(hint);
    });
  }

  const exits: readonly (readonly [exitCode: number, says: string])[] = [
    [125, 'Docker could not start'],
    [126, 'could not be run'],
    [127, 'no such command'],
    [132, 'instruction'],
    [134, 'aborted'],
    [137, 'killed'],
    [139, 'segmentation fault'],
    [143, 'told to stop'],
  ];
  for (const [exitCode, words] of exits) {
    it(`goes by exit code ${exitCode} when the log says nothing`, () => {
      expect(classifyFailure(['ordinary line'], { ...crashed, exitCode }).message).to.include(words);
    });
  }

  it('keeps what was known when neither log nor exit code says more', () => {
    for (const exitCode of [null, 0, 1, 42]) {
      expect(classifyFailure([], { ...crashed, exitCode })).to.deep.equal({
        code: 'MODEL_CRASHED',
        message: 'The model server died.',
        hint: null,
        logTail: [],
      });
    }
    expect(classifyFailure(['ordinary line'], stuck)).to.include({ code: 'NO_PROGRESS', message: 'Nothing moved for 600 s.', hint: null });
  });

  it('prefers the log to the exit code', () => {
    expect(classifyFailure(['torch.OutOfMemoryError: CUDA out of memory.'], { ...crashed, exitCode: 137 }).code).to.equal('DOES_NOT_FIT');
  });

  it('does not let the log explain what it cannot know', () => {
    for (const fallback of ['HOST_UNREACHABLE', 'CANCELLED', 'FENCED_OFF', 'STORE_UNAVAILABLE', 'INTERNAL'] as const) {
      const cause = classifyFailure(['CUDA out of memory'], { exitCode: 137, fallback, message: 'We know.' });
      expect(cause).to.deep.equal({ code: fallback, message: 'We know.', hint: null, logTail: ['CUDA out of memory'] });
    }
  });

  it('is not misled by arguments, routes and warnings that quote a failure', () => {
    const quotes = [
      'Executing command: vllm serve org/m --chat-template "CUDA out of memory"',
      'Launching worker (rank 1) on 10.77.0.12... No space left on device',
      'INFO 11-21 12:00:00 [a.py:1] Route: /wake_up, Methods: POST',
      "INFO 11-21 12:00:00 [a.py:1] non-default args: {'model': 'NCCL error'}",
      'WARNING 11-21 12:00:00 [a.py:1] exec format error',
      'INFO 11-21 12:00:00 [a.py:1] No available shared memory broadcast block found in 60 seconds.',
      'usage: vllm serve [--trust-remote-code] Killed',
    ];
    expect(classifyFailure(quotes, crashed)).to.include({ code: 'MODEL_CRASHED', message: 'The model server died.' });
  });

  it('finds the cause among its consequences, in whichever order they were written', () => {
    const lines = [
      raised('EngineCore failed to start.'),
      raised('torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.37 GiB.'),
      'RuntimeError: NCCL error',
      '[Errno 98] address already in use',
    ];
    for (const log of [lines, lines.toReversed()]) expect(classifyFailure(log, crashed).message).to.include('2.37 GiB');
  });

  it('never throws and never shows more than 40 lines, for any text', () => {
    const word = fc.constantFrom(
      'CUDA out of memory',
      'Tried to allocate ',
      '(',
      ' GiB',
      'error: argument -',
      'Killed',
      '9',
      'EngineCore failed to start',
      '\u001b[31m',
      'hf_abcdefghijklmnop',
    );
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 120 }),
      fc.array(word, { maxLength: 8 }).map((words) => words.join('')),
    );
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 60 }),
        fc.option(fc.integer()),
        fc.constantFrom(crashed, stuck),
        (lines, exitCode, context) => {
          const cause = classifyFailure(lines, { ...context, exitCode });
          expect(cause.logTail.length).to.equal(Math.min(40, lines.length));
          expect(cause.message).not.to.equal('');
          expect(JSON.stringify(cause)).not.to.include('hf_abcdefghijklmnop');
        },
      ),
      { numRuns: RUNS },
    );
  });

  for (const [name, text] of HOSTILE_TEXTS) {
    it(`takes an endless line of ${name}`, () => {
      expect(classifyFailure([text, text], stuck).logTail.every((line) => line.length < 2_100)).to.equal(true);
    });
  }
});
