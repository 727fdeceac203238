import type { WireDeepHealth, WireService, WireServiceDetail } from '@spark-control/schema';
import { defineCommand, LOCK_FILE } from '../command.ts';
import { confirm, YES } from '../confirm.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import { runOperation, WORK_OPTIONS } from '../follow-operation.ts';
import { readLockId } from '../settings.ts';
import { gib, table, time } from '../text.ts';

const latency = (ms: number | null): string => (ms === null ? '-' : `${Math.round(ms)} ms`);

export const serviceList = defineCommand({
  name: 'service list',
  summary: 'List the services beside the model servers, and how they are',
  arguments: [],
  options: {},
  examples: [['service list', 'speech, embeddings, Qdrant, ...']],
  async run({ out, signal, connect }) {
    out.result(await connect().client.services.list({ signal }), ({ items }) =>
      table([['SERVICE', 'KIND', 'STATE', 'LATENCY', 'HOST', 'URL', 'DETAIL'], ...items.map(serviceRow)]),
    );
    return EXIT.ok;
  },
});

const serviceRow = ({ key, kind, state, latency_ms, host, base_url, detail }: WireService): readonly string[] => [
  key,
  kind,
  state,
  latency(latency_ms),
  host ?? '-',
  base_url ?? '-',
  detail,
];

export const serviceShow = defineCommand({
  name: 'service show',
  summary: 'Show one service, its container and its last deep check',
  arguments: [{ name: 'SERVICE', kind: 'service' }],
  options: {},
  examples: [['service show parakeet-asr', 'image, memory, health']],
  async run({ args: [key = ''], out, signal, connect }) {
    out.result(await connect().client.services.get(key, { signal }), (service) => table(detailRows(service)));
    return EXIT.ok;
  },
});

function detailRows(service: WireServiceDetail): readonly (readonly string[])[] {
  const { facts, deep, models } = service;
  const container =
    facts === null
      ? [['container', service.facts_problem ?? service.container ?? '-']]
      : [
          ['container', `${facts.name}, ${facts.status} since ${time(facts.started_at)}`],
          ['image', facts.image],
          ['restarts', `${facts.restarts ?? '-'} (${facts.restart_policy ?? 'no policy'})`],
          [
            'memory',
            `${gib(facts.memory_used_bytes)} of ${facts.memory_limit_bytes === null ? 'no limit' : gib(facts.memory_limit_bytes)}`,
          ],
        ];
  return [
    ['service', `${service.key} (${service.kind})`],
    ['state', `${service.state}: ${service.detail}`],
    ['latency', latency(service.latency_ms)],
    ['host', service.host ?? '-'],
    ['url', service.base_url ?? '-'],
    ['lock', service.lock ?? 'none needed'],
    ...container,
    ['deep check', deep === null ? 'none yet' : `${deep.status}: ${deep.detail}`],
    ['models', models?.join(', ') ?? '-'],
    ['can', service.actions.join(', ') || '-'],
  ];
}

export const serviceLogs = defineCommand({
  name: 'service logs',
  summary: 'Show the last lines of a service’s container',
  arguments: [{ name: 'SERVICE', kind: 'service' }],
  options: { lines: { type: 'string', value: 'N', help: 'how many, to 2000; 200 when not given' } },
  examples: [['service logs kokoro-tts --lines 50', 'what it said last']],
  async run({ args: [key = ''], values, out, signal, connect }) {
    const lines = values.lines === undefined ? undefined : Number(values.lines);
    if (lines !== undefined && !(Number.isInteger(lines) && lines >= 1 && lines <= 2_000))
      throw new UsageError('--lines is a number from 1 to 2000');
    out.result(await connect().client.services.logs(key, lines, { signal }), (logs) => logs.lines.join('\n'));
    return EXIT.ok;
  },
});

export const serviceRestart = defineCommand({
  name: 'service restart',
  summary: 'Restart the container of a service and wait until it is well',
  arguments: [{ name: 'SERVICE', kind: 'service' }],
  options: { reason: { type: 'string', value: 'TEXT', help: 'why' }, ...LOCK_FILE, ...WORK_OPTIONS, ...YES },
  details: 'One that uses the GPU is restarted under the lock of its cluster: yours, or one taken for the time.',
  examples: [['service restart parakeet-asr', 'when it has swallowed too much memory']],
  async run(call) {
    const { args, values, io, out, signal, connect } = call;
    const [key = ''] = args;
    const lockId = readLockId(values, io, (text) => out.warn(text));
    await confirm(call, `restart ${key}`);
    const body = {
      requested_by: io.user,
      ...(values.reason !== undefined && { reason: values.reason }),
      ...(lockId !== null && { lock_id: lockId }),
    };
    return runOperation(call, connect(), ({ client }) => client.services.restart(key, body, { signal }));
  },
});

export const serviceMemory = defineCommand({
  name: 'service memory',
  summary: 'Cap the memory of a service’s container',
  arguments: [{ name: 'SERVICE', kind: 'service' }, { name: 'LIMIT' }],
  options: YES,
  details: 'LIMIT: 12g, 800m, or "none" to take the cap away. It holds at once, and after a restart of the container.',
  examples: [['service memory parakeet-asr 12g', 'so that a long recording cannot take the memory of the model']],
  async run(call) {
    const { args, out, signal, connect } = call;
    const [key = '', text = ''] = args;
    const limit = mebibytesOf(text);
    await confirm(call, limit === null ? `take the memory cap of ${key} away` : `cap ${key} at ${limit} MiB`);
    out.result(await connect().client.services.setMemory(key, limit, { signal }), ({ facts }) =>
      facts?.memory_limit_bytes == null ? `${key} has no memory cap` : `${key} is capped at ${gib(facts.memory_limit_bytes)}`,
    );
    return EXIT.ok;
  },
});

/** `null`: no limit. @throws {UsageError} */
function mebibytesOf(text: string): number | null {
  if (text === 'none') return null;
  const [, amount, unit] = /^(\d{1,6}(?:\.\d{1,3})?)(m|g)(?:ib?|b)?$/i.exec(text) ?? [];
  if (amount === undefined || unit === undefined) throw new UsageError(`LIMIT is such as 12g, 800m or none, not "${text}"`);
  return Math.round(Number(amount) * (unit.toLowerCase() === 'g' ? 1_024 : 1));
}

export const serviceHealth = defineCommand({
  name: 'service health',
  summary: 'Send one real request to every service and every model that serves',
  arguments: [],
  options: {},
  details: 'Ends with 1 when one of them fails.',
  examples: [['service health', 'a completion, half a second of audio, an embedding, a query']],
  async run({ out, signal, connect }) {
    const report = await connect().client.services.deepHealth({ signal });
    out.result(report, ({ items }, paint) => {
      const paints = { pass: 'green', fail: 'red', skip: 'dim' } as const;
      const line = ({ service, status, detail, latency_ms }: WireDeepHealth): string =>
        `${paint(paints[status] ?? 'yellow', status.padEnd(5))} ${service}: ${detail}${latency_ms === null ? '' : ` (${latency(latency_ms)})`}`;
      return items.length === 0 ? 'there is nothing to ask' : items.map(line).join('\n');
    });
    return report.ok ? EXIT.ok : EXIT.failure;
  },
});

export const endpoints = defineCommand({
  name: 'endpoints',
  summary: 'Show where everything answers',
  arguments: [],
  options: {},
  examples: [['endpoints --json', 'for a program that looks for its model']],
  async run({ out, signal, connect }) {
    out.result(await connect().client.services.endpoints({ signal }), ({ items }) =>
      table([
        ['KEY', 'KIND', 'URL', 'MODEL', ''],
        ...items.map(({ key, kind, url, model, disabled }) => [key, kind, url ?? '-', model ?? '-', disabled ? 'disabled' : '']),
      ]),
    );
    return EXIT.ok;
  },
});
