import { HOSTILE } from '../../../packages/core/test/support/hostile-words.ts';

/** What must not run: a program that is only there to be called by mistake, and two files that no other command makes. */
const COMMANDS = ['spark-pwned', 'touch /tmp/spark-pwned /sim/spark-pwned'] as const;

/** Ways by which a shell, or something that makes a command line, could take a value for a command of its own. */
const WAYS: readonly ((command: string) => string)[] = [
  (command) => `$(${command})`,
  (command) => `\`${command}\``,
  (command) => `; ${command};`,
  (command) => `'; ${command}; '`,
  (command) => `"; ${command}; "`,
  (command) => `'"; ${command}; "'`,
  (command) => `\n${command}\n`,
  (command) => `'\n${command}\n'`,
  (command) => `\r\n${command}\r\n`,
  (command) => `| ${command} #`,
  (command) => `& ${command} &`,
  (command) => `&& ${command}`,
  (command) => `|| ${command}`,
  (command) => `'$(${command})'`,
  (command) => `"$(${command})"`,
  (command) => `\\$(${command})`,
  (command) => `\\'; ${command}; #`,
  (command) => `\x24{x:-$(${command})}`,
  (command) => `$((a[$(${command})]))`,
  (command) => `<(${command})`,
  (command) => `>(${command})`,
  (command) => `'$'\\n'${command}`,
  // Ends of the documents that scripts of ours are given.
  (command) => `\nSPARK_END\n${command}\n`,
  (command) => `\nSPARK_CONTENT\n${command}\n`,
  (command) => `\nEOF\n${command}\n`,
  (command) => `) ${command} #`,
  (command) => `} ${command} #`,
  (command) => `\x00$(${command})`,
  (command) => `\ud800$(${command})`,
  (command) => `a -- $(${command})`,
  (command) => `../../$(${command})`,
  (command) => `%s$(${command})`,
  (command) => `:$(${command}):`,
  (command) => `=$(${command}),b`,
];

/** Options where a word is wanted. */
const OPTIONS = [
  '--privileged',
  '-v=/:/host',
  '--volume=/:/host',
  '-f',
  '--force',
  '--rm',
  '-oProxyCommand=spark-pwned',
  '--entrypoint=sh',
  '-e',
  '--exec=spark-pwned',
  '--rsync-path=spark-pwned',
  '--to-command=spark-pwned',
  '--checkpoint-action=exec=spark-pwned',
  '-- spark-pwned',
  '-Htcp://127.0.0.1:9',
  '--host=tcp://127.0.0.1:9',
  '--config=/tmp',
  '--pid=host',
  '--mount=type=bind,src=/,dst=/host',
  '-it',
];

const TRAPS: readonly string[] = COMMANDS.flatMap((command) => WAYS.map((way) => way(command)));

/** 200 and more in a proof; else a dozen, of each sort some. */
export const HOSTILE_VALUES: readonly string[] =
  process.env['SPARK_PROVE'] === '1'
    ? [...TRAPS, ...OPTIONS, ...HOSTILE.map((word) => (word === '' ? '' : `mk${word}`)), ...HOSTILE.filter((word) => word.length > 3)]
    : [
        ...[0, 1, 3, 4, 6, 9, 22].map((index) => TRAPS[index] ?? ''),
        ...[WAYS.length + 5, WAYS.length + 7].map((index) => TRAPS[index] ?? ''),
        ...['--privileged', "mk it's", 'mk/../x'],
      ];
