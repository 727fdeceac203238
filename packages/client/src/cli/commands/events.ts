import type { SparkEvent } from '../../client.ts';
import { defineCommand } from '../command.ts';
import { lockLine } from '../describe.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import { nearest } from '../suggest.ts';

const TYPES = ['snapshot', 'swap', 'model', 'lock', 'host'] as const satisfies readonly SparkEvent['type'][];
/** Hosts tell how they are every few seconds, which nobody wants to read. */
const USUAL: readonly string[] = ['snapshot', 'swap', 'model', 'lock'];
const OUTAGE_MS = 5 * 60_000;

export const events = defineCommand({
  name: 'events',
  summary: 'Follow what happens until Ctrl-C',
  arguments: [],
  options: {
    type: { type: 'string', value: 'TYPES', help: `only these, separated by commas: ${TYPES.join(', ')}; all but host when not given` },
    after: { type: 'string', value: 'ID', help: 'begin after this event, if the server still has what came then' },
  },
  details: 'With --json each event is a line {"event", "id", "data"}. Goes on by itself after the server was restarted.',
  examples: [
    ['events --type lock', 'who takes and leaves the lock'],
    ['events --json | jq -c .data.phase', 'for a script'],
  ],
  async run({ values, out, signal, connect }) {
    const wanted = values.type === undefined ? USUAL : values.type.split(',');
    const wrong = wanted.find((type) => !TYPES.some((known) => known === type));
    if (wrong !== undefined)
      throw new UsageError(`--type has "${wrong}"; did you mean ${nearest(wrong, TYPES) ?? `one of ${TYPES.join(', ')}`}?`);
    const { client, settings } = connect();
    const onOutage = (error: Error): void => out.note(`${error.message}; trying again`);
    for await (const event of client.events({ signal, lastEventId: values.after, onOutage, maxOutageMs: OUTAGE_MS })) {
      if (!wanted.includes(event.type) || !concerns(event, settings.cluster)) continue;
      const { type, id, data } = event;
      out.record({ event: type, id, data }, () => lineOf(event));
    }
    return EXIT.ok;
  },
});

function concerns(event: SparkEvent, cluster: string | null): boolean {
  if (cluster === null || event.type === 'snapshot' || event.type === 'log') return true;
  return cluster === (event.type === 'model' ? event.data.key : event.data.cluster);
}

function lineOf(event: SparkEvent): string | null {
  switch (event.type) {
    case 'snapshot':
      return `snapshot  ${event.data.clusters.map(({ key, serving }) => `${key} serves ${serving ?? 'nothing'}`).join(', ')}`;
    case 'swap': {
      const { id, cluster, model, phase, progress } = event.data;
      return `swap      ${id} on ${cluster} to ${model ?? 'nothing'}: ${phase} ${Math.floor(progress.fraction * 100)}% ${progress.label}`.trimEnd();
    }
    case 'model':
      return `model     ${event.data.key} serves ${event.data.serving ?? 'nothing'} (${event.data.state})`;
    case 'lock':
      return `lock      ${lockLine(event.data)}`;
    case 'host':
      return `host      ${event.data.key}: ${event.data.reachable === false ? `not reachable, ${event.data.reason ?? ''}` : 'reachable'}`;
    case 'log':
      return null;
    default:
      return event satisfies never;
  }
}
