import { readFileSync } from 'node:fs';
import { initialLoadProgress, LineSplitter, type LoadProgress, observeLine } from '../../src/index.ts';

export type LogFixture = 'solo-modern' | 'two-nodes-modern' | 'two-nodes-legacy' | 'crash-out-of-memory' | 'hang-in-capture';

export const rawLog = (name: LogFixture): string => readFileSync(new URL(`../fixtures/logs/${name}.txt`, import.meta.url), 'utf8');

export function linesOf(raw: string): readonly string[] {
  const splitter = new LineSplitter();
  return [...splitter.push(raw), ...splitter.flush()];
}

/** The state after every line. */
export function statesOf(lines: readonly string[], start: LoadProgress = initialLoadProgress()): readonly LoadProgress[] {
  let state = start;
  return lines.map((line) => {
    state = observeLine(state, line);
    return state;
  });
}

export const after = (...lines: readonly string[]): LoadProgress => statesOf(lines).at(-1) ?? initialLoadProgress();

/** Under mutation every test runs a thousand times over, with counters in each loop. */
const HOSTILE_LENGTH = 'STRYKER_MUTATOR_WORKER' in process.env ? 4_000 : process.env['SPARK_PROVE'] === '1' ? 1_000_000 : 150_000;

/** Long texts that punish a parser which steps back: a quadratic one would take minutes, and mocha's time limit fails it. */
export const HOSTILE_TEXTS: readonly (readonly [name: string, text: string])[] = (
  [
    'a',
    ' ',
    '(',
    '(a',
    '(a pid=1) ',
    '[',
    '\u001b[',
    '\u001b]',
    '\u001b',
    '\u001b[0;',
    '%|',
    ': 1%|',
    'Loading ',
    '1/',
    '://a:',
    '://',
    'Bearer ',
    'hf_',
    'sk-',
    'token=',
    'token: ',
    "token': [",
    '--token',
    '--a-token ',
    'key="',
    'api_key=[',
    'eyJ',
    'eyJaaaaaaaaaaaa.',
    'eyJaaaaaaaaaaaa-',
    "token='a'",
    'Bearer aaaaaaaa ',
    'token=\\',
    '\\"',
    '--token",',
    'max seq len (1), (1 GiB KV cache is needed',
    'unrecognized arguments: ',
    'error: argument -a',
    'Model architectures ',
    'Waiting for ',
    'ibv_reg_mr',
    'INFO 11-21 12:00:00 [',
    'Container ',
    'Error: Command requires 1 node ',
    'warmup',
    'Using cache directory: ',
    'Killed ',
    'é',
    '😀',
    '\u0000',
    '\u009b0;',
  ] as const
).map((piece) => [JSON.stringify(piece), piece.repeat(Math.ceil(HOSTILE_LENGTH / piece.length))] as const);
