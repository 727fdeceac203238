import type { WireAccessStep, WireHost } from '@spark-control/schema';
import { defineCommand } from '../command.ts';
import { confirm, YES } from '../confirm.ts';
import { formatDuration } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure, UsageError } from '../failure.ts';
import type { Painter } from '../output.ts';
import { gib, plain, table, time } from '../text.ts';

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}=?$/;
const PAINTS = { pass: 'green', warn: 'yellow', fail: 'red', skip: 'dim' } as const;

export const hostList = defineCommand({
  name: 'host list',
  summary: 'List the GPU hosts and how they are',
  arguments: [],
  options: {},
  examples: [['host list', 'reachable, memory, disk']],
  async run({ out, signal, connect }) {
    const { client, settings } = connect();
    const list = await client.hosts({ signal });
    const items = list.items.filter(({ cluster }) => settings.cluster === null || cluster === settings.cluster);
    out.result({ ...list, items }, ({ items: shown }) =>
      table([['HOST', 'CLUSTER', 'ADDRESS', 'REACHABLE', 'MEMORY FREE', 'DISK FREE', 'UP'], ...shown.map(hostRow)]),
    );
    return EXIT.ok;
  },
});

const hostRow = ({ key, cluster, address, reachable, reason, memory, disk_free_bytes, uptime_seconds }: WireHost): readonly string[] => [
  key,
  cluster,
  address,
  reachable === null ? 'not asked yet' : reachable ? 'yes' : `no: ${reason ?? ''}`,
  gib(memory?.available_bytes ?? null),
  gib(disk_free_bytes),
  uptime_seconds === null ? '-' : formatDuration(uptime_seconds),
];

export const hostShow = defineCommand({
  name: 'host show',
  summary: 'Show all that is known of a host',
  arguments: [{ name: 'HOST', kind: 'host' }],
  options: {},
  examples: [['host show spark1', 'login, memory, GPU, versions']],
  async run({ args: [key = ''], out, signal, connect }) {
    out.result(await connect().client.host(key, { signal }), (host) => table(rowsOf(host)));
    return EXIT.ok;
  },
});

/** Everything that has one value, nested facts by their path. */
function rowsOf(value: object, path = ''): readonly (readonly [string, string])[] {
  return Object.entries(value).flatMap(([name, field]): readonly (readonly [string, string])[] => {
    const label = path === '' ? name : `${path}.${name}`;
    if (Array.isArray(field))
      return [[label, field.map((item) => (typeof item === 'object' ? JSON.stringify(item) : String(item))).join(', ') || '-']];
    if (typeof field === 'object' && field !== null) return rowsOf(field as object, label);
    if (typeof field === 'number' && name.endsWith('_bytes')) return [[label, gib(field)]];
    return [[label, field === null ? '-' : name.endsWith('_at') || name === 'at' ? time(String(field)) : String(field)]];
  });
}

export const hostTest = defineCommand({
  name: 'host test',
  summary: 'Test the way to a host step by step',
  arguments: [{ name: 'HOST', kind: 'host' }],
  options: {},
  details: 'Name, port, host key, login, Docker, launcher, image, API port, clock. Ends with 1 when a step fails.',
  examples: [['host test spark1', 'where does it get stuck?']],
  async run({ args: [key = ''], out, signal, connect }) {
    const report = await connect().client.hostAdmin.test(key, { signal });
    out.result(report, ({ steps, ok, host }, paint) =>
      [...steps.map((step) => accessLine(step, paint)), ok ? `${host} can be used` : paint('red', `${host} cannot be used`)].join('\n'),
    );
    return report.ok ? EXIT.ok : EXIT.failure;
  },
});

export function accessLine({ name, status, detail, hint }: WireAccessStep, paint: Painter): string {
  return `${paint(PAINTS[status] ?? 'yellow', status.padEnd(5))} ${name}: ${detail}${hint === null ? '' : `\n      -> ${hint}`}`;
}

export const hostTrust = defineCommand({
  name: 'host trust',
  summary: 'Trust the host key that a host shows, once you have compared it',
  arguments: [{ name: 'HOST', kind: 'host' }],
  options: {
    fingerprint: { type: 'string', value: 'SHA256:...', help: 'what you have read on the host itself; only this key is trusted then' },
    ...YES,
  },
  details:
    'On the host itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n' +
    'Without --fingerprint the key that it shows is printed, and you are asked. --yes alone is not enough: somebody may stand in between.',
  examples: [['host trust spark1', 'shows the fingerprint and asks whether it is the right one']],
  async run(call) {
    const { args, values, io, out, signal, connect } = call;
    const [key = ''] = args;
    const { client } = connect();
    let { fingerprint } = values;
    if (fingerprint !== undefined && !FINGERPRINT.test(fingerprint)) throw new UsageError('--fingerprint is SHA256: and 43 characters');
    if (fingerprint === undefined) {
      if (!io.stdinIsTTY) throw new UsageError('host trust needs --fingerprint where nobody can be asked');
      const report = await client.hostAdmin.test(key, { signal });
      if (report.fingerprint === null)
        throw new Failure(EXIT.failure, 'NO_HOST_KEY', `${key} shows no host key; "sparkctl host test ${key}" says why`);
      fingerprint = report.fingerprint;
      out.note(plain(`${key} shows ${fingerprint}${report.trusted ? ', which is trusted already' : ''}`));
      await confirm({ values: { yes: false }, io, signal }, 'is that what ssh-keygen -lf prints on the host itself');
    }
    await client.hostAdmin.trust(key, fingerprint, { signal });
    out.result({ host: key, fingerprint }, (shown) => `${shown.host} is trusted with ${shown.fingerprint}`);
    return EXIT.ok;
  },
});
