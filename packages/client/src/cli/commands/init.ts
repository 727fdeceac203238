import { type Command, defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { commandHelp } from '../help.ts';

export const init: Command = defineCommand({
  name: 'init',
  summary: 'Write a first spark.yaml by asking, or from flags',
  arguments: [],
  options: {},
  isPassedOn: true,
  details:
    'Hands its words on to "spark-control init" of the server, which looks on the hosts over SSH; "sparkctl init --help" lists its options.',
  examples: [
    ['init', 'asks for the hosts, shows their fingerprints, finds launcher, containers and services'],
    ['init --host 192.168.1.50 --user nvidia --fingerprint SHA256:... --output config/spark.yaml', 'in a script'],
  ],
  async run({ args, io, out }) {
    const ended = await io.runServer(['init', ...args], { env: {}, isCaptured: false });
    if (ended !== null) return ended.code;
    if (args.includes('--help') || args.includes('-h')) {
      out.line(commandHelp(init));
      return EXIT.ok;
    }
    const message = 'init looks on the hosts over SSH, which only the server can: run "spark-control init" where that is installed';
    throw new Failure(EXIT.failure, 'SERVER_NOT_INSTALLED', message);
  },
});
