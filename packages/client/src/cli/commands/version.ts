import { VERSION } from '../../version.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const version = defineCommand({
  name: 'version',
  summary: 'Say which version this is, and with --server which one answers',
  arguments: [],
  options: { server: { type: 'boolean', help: 'ask the server too' } },
  examples: [['version --server', 'both versions, and that the server can be reached']],
  async run({ values, out, signal, connect }) {
    const server = values.server ? await connect().client.version({ signal }) : null;
    out.result({ client: VERSION, server }, (both) => {
      const about = both.server === null ? '' : `\nserver ${both.server.version}${both.server.simulated ? ' (simulated Sparks)' : ''}`;
      return `sparkctl ${both.client}${about}`;
    });
    return EXIT.ok;
  },
});
