import { findCommand } from '../arguments.ts';
import { type Command, defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

type Texts = Readonly<{ overview: string; of(command: Command): string; commands: readonly Command[] }>;

/** `texts` is asked when the help is, since the list of commands holds this one too. */
export const createHelp = (texts: () => Texts): Command =>
  defineCommand({
    name: 'help',
    summary: 'Say what there is, or how a command is used',
    arguments: [
      { name: 'COMMAND', isOptional: true },
      { name: 'SUBCOMMAND', isOptional: true },
    ],
    options: {},
    examples: [['help with-lock', 'how to run a job under the lock']],
    async run({ args, out }) {
      const { overview, of, commands } = texts();
      const group = commands.filter(({ name }) => name.startsWith(`${args[0]} `));
      if (args.length === 1 && group.length > 0 && !commands.some(({ name }) => name === args[0])) {
        out.line(group.map(({ name, summary }) => `sparkctl ${name}: ${summary}`).join('\n'));
        return EXIT.ok;
      }
      const found = args.length === 0 ? null : findCommand(args, commands);
      out.line(found === null ? overview : of(found.command));
      return EXIT.ok;
    },
  });
