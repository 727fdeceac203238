import { defineCommand } from '../command.ts';
import { COMPLETION_SCRIPTS } from '../completion-scripts.ts';
import { EXIT } from '../exit-codes.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const completion = defineCommand({
  name: 'completion',
  summary: 'Print the completion script of a shell',
  arguments: [{ name: 'SHELL', choices: SHELLS }],
  options: {},
  details: 'The script asks sparkctl itself, so that it knows the options of this version and the models of your server.',
  examples: [
    ['$ source <(sparkctl completion bash)', 'in ~/.bashrc, or ~/.zshrc with zsh'],
    ['$ sparkctl completion fish > ~/.config/fish/completions/sparkctl.fish', 'for fish'],
  ],
  async run({ args, out }) {
    const shell = SHELLS.find((known) => known === args[0]);
    if (shell !== undefined) out.line(COMPLETION_SCRIPTS[shell]);
    return EXIT.ok;
  },
});
