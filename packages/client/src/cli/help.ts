import { COMMON_OPTIONS, type Command, type Options } from './command.ts';
import { table } from './text.ts';

const wordsOf = (first: string, words: string): readonly string[] => words.split(' ').map((word) => `${first} ${word}`);

const GROUPS: readonly (readonly [title: string, commands: readonly string[]])[] = [
  ['See', ['status', 'models', 'endpoints', 'history', 'logs', 'events', 'audit']],
  ['Change the model', ['validate', 'swap', 'unload', 'wait', 'cancel']],
  ['Lock', ['lock acquire', 'lock renew', 'lock release', 'lock show', 'lock break', 'with-lock']],
  ['Catalog', wordsOf('model', 'list show add set knobs parse history revert remove disk download pull delete-weights')],
  ['Long work', wordsOf('op', 'list show follow cancel')],
  ['Hosts', wordsOf('host', 'list show test trust updates update reboot')],
  [
    'Services',
    [
      ...wordsOf('service', 'list show health logs restart memory patch unpatch'),
      ...wordsOf('nim', 'images install'),
      ...wordsOf('qdrant', 'collections snapshots snapshot restore remove storage-restore'),
    ],
  ],
  ['Set up', ['init', 'doctor', 'settings', 'settings set']],
  ['Plans', ['schedule register', 'schedule list', 'schedule remove', 'automations list', 'automations run', 'automations runs']],
  [
    'Webhooks',
    ['list', 'create', 'test', 'deliveries', 'redeliver', 'rotate-secret', 'enable', 'disable', 'remove'].map((word) => `webhooks ${word}`),
  ],
];

/** The overview: every command with what it does. */
export function overview(commands: readonly Command[]): string {
  const listed = GROUPS.flatMap(([, names]) => names);
  const groups = [...GROUPS, ['More', commands.map(({ name }) => name).filter((name) => !listed.includes(name))] as const];
  const part = ([title, names]: (typeof groups)[number]): string => {
    const rows = names.flatMap((name) => commands.filter((command) => command.name === name).map(({ summary }) => [`  ${name}`, summary]));
    return rows.length === 0 ? '' : `${title}\n${table(rows)}\n`;
  };
  return [
    'sparkctl: which model runs on the GPUs, and who may change it.\n',
    'Usage: sparkctl COMMAND [options]      sparkctl help COMMAND\n',
    ...groups.map(part).filter((text) => text !== ''),
    `Options of every command\n${optionLines(COMMON_OPTIONS)}\n`,
    'Exit codes: 0 ok, 1 failure, 2 usage, 3 locked by another, 4 busy, 5 timed out, 6 rolled back, 7 unreachable,',
    '8 unauthorised, 9 lease lost, 10 cancelled, 11 not found, 12 refused by pre-flight; with-lock adds 100 to its own.',
  ].join('\n');
}

/** The help of one command. */
export function commandHelp(command: Command): string {
  const { name, summary, options, details, examples } = command;
  const own = Object.keys(options).length === 0 ? '' : `\nOptions\n${optionLines(options)}\n`;
  const shown = examples.map(([line, meaning]) => `  # ${meaning}\n  ${line.startsWith('$ ') ? line.slice(2) : `sparkctl ${line}`}`);
  return [
    `${summary}.\n`,
    `Usage: ${usage(command)}`,
    own,
    ...(details === undefined ? [] : [`${details}\n`]),
    `Options of every command\n${optionLines(COMMON_OPTIONS)}\n`,
    shown.length === 0 ? `See also: sparkctl help` : `Examples\n${shown.join('\n')}`,
  ]
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(name === 'help' ? /\n*$/ : /$/, '');
}

export function usage({ name, arguments: specs, options, takesCommand }: Command): string {
  const words = specs.map((spec) => (spec.isOptional ? `[${spec.name}]` : spec.name));
  return [
    'sparkctl',
    name,
    ...words,
    ...(Object.keys(options).length > 0 ? ['[options]'] : []),
    ...(takesCommand ? ['-- COMMAND [ARG...]'] : []),
  ].join(' ');
}

function optionLines(options: Options): string {
  return table(
    Object.entries(options).map(([name, spec]) => {
      const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
      const value = spec.type === 'boolean' ? '' : ` ${spec.value}`;
      return [`  ${short}--${name}${value}`, `${spec.help}${spec.type === 'string' && spec.multiple ? '; may be repeated' : ''}`];
    }),
  );
}
