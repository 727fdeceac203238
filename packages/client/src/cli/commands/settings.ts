import type { WireSettings } from '@spark-control/schema';
import { defineCommand } from '../command.ts';
import { readValue } from '../entry-fields.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import { table } from '../text.ts';

export const settingsShow = defineCommand({
  name: 'settings',
  summary: 'Show the settings of the server, each with its source',
  arguments: [{ name: 'PREFIX', isOptional: true }],
  options: { changed: { type: 'boolean', help: 'only what is not a default' } },
  details: 'A path such as /server/port is a place in spark.yaml; env#/NAME is a variable of the environment. Secrets read ***.',
  examples: [['settings /clusters', 'the clusters']],
  async run({ args: [prefix = ''], values, out, signal, connect }) {
    const all = await connect().client.settings.get({ signal });
    const items = all.items.filter(({ path, source }) => path.startsWith(prefix) && !(values.changed && source === 'default'));
    out.result({ ...all, items }, settingsLines);
    return EXIT.ok;
  },
});

function settingsLines({ items, files, warnings, restart_required }: WireSettings): string {
  const rows = items.map(({ path, value, source, variable, writable }) => [
    path,
    value === null ? '-' : typeof value === 'string' ? value : JSON.stringify(value),
    source === 'environment' ? (variable ?? source) : source,
    writable ? '' : 'read-only',
  ]);
  return [
    table([['SETTING', 'VALUE', 'FROM', ''], ...rows]),
    ...files.filter(({ problem }) => problem !== null).map(({ name, path, problem }) => `${name} (${path}): ${problem}`),
    ...warnings.map((text) => `warning: ${text}`),
    ...(restart_required ? ['The file was changed: restart the server for it to take effect.'] : []),
  ].join('\n');
}

export const settingsSet = defineCommand({
  name: 'settings set',
  summary: 'Change settings in spark.yaml of the server; they count after a restart',
  arguments: [{ name: 'PATH=VALUE' }],
  options: { also: { type: 'string', value: 'PATH=VALUE', help: 'change this one with it, all or none', multiple: true } },
  details: 'VALUE is read as JSON where it is that, else as text; "null" takes the value away, back to the default.',
  examples: [
    ['settings set /clusters/default/port=8000', 'where the model answers'],
    ['settings set /server/host=0.0.0.0 --also /server/allowed_hosts=\'["control.lan"]\'', 'open it to the network'],
  ],
  async run({ args: [first = ''], values, out, signal, connect }) {
    const changes = [first, ...values.also].map((text) => {
      const at = text.indexOf('=');
      if (at < 1 || !text.startsWith('/')) throw new UsageError(`a change is PATH=VALUE with a PATH such as /server/port, not "${text}"`);
      return { path: text.slice(0, at), value: readValue(text.slice(at + 1)) };
    });
    const now = await connect().client.settings.change(changes, { signal });
    out.result(now, () => (now.restart_required ? 'written; restart the server for it to take effect' : 'it is so already'));
    return EXIT.ok;
  },
});
