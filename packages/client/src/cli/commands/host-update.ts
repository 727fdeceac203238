import type { WireUpdatePlan } from '@spark-control/schema';
import { type Call, defineCommand, LOCK_FILE, type Options } from '../command.ts';
import { confirm, YES } from '../confirm.ts';
import { parseSeconds } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { runOperation, WORK_OPTIONS } from '../follow-operation.ts';
import type { Painter } from '../output.ts';
import { readLockId } from '../settings.ts';
import { gib, table } from '../text.ts';

const PAINTS = { none: 'dim', caution: 'yellow', danger: 'red' } as const;
const REBOOTS = ['if_required', 'always', 'never'] as const;

export const hostUpdates = defineCommand({
  name: 'host updates',
  summary: 'Show what an update of a host would do; nothing is changed',
  arguments: [{ name: 'HOST', kind: 'host' }],
  options: {},
  details: 'Ends with 12 when it cannot be carried out as things are.',
  examples: [['host updates spark1', 'packages, firmware, risks, and the commands']],
  async run({ args: [key = ''], out, signal, connect }) {
    const plan = await connect().client.hostAdmin.updatePlan(key, { signal });
    out.result(plan, planLines);
    return plan.blockers.length === 0 ? EXIT.ok : EXIT.refused;
  },
});

/** A plan for people: what is risky first. */
function planLines(plan: WireUpdatePlan, paint: Painter): string {
  const { packages, firmware, download_bytes, reboot, blockers, warnings, commands, risk, id } = plan;
  const order = { danger: 0, caution: 1, none: 2 };
  const named = [...packages]
    .filter(({ risk: own, section }) => own !== 'none' || section !== 'other')
    .sort((a, b) => order[a.risk] - order[b.risk]);
  const rows = named.map((line) => [
    paint(PAINTS[line.risk], line.risk),
    line.action,
    line.name,
    `${line.from ?? '-'} -> ${line.to ?? '-'}`,
    line.note ?? '',
  ]);
  const firm = (firmware ?? []).map((line) => [
    paint(PAINTS[line.risk], line.risk),
    'firmware',
    line.name,
    `${line.from ?? '-'} -> ${line.to}`,
    line.note ?? '',
  ]);
  return [
    `${packages.length} packages${download_bytes === null ? '' : `, ${gib(download_bytes)} to download`}; risk: ${paint(PAINTS[risk], risk)}`,
    ...(rows.length + firm.length === 0 ? [] : [table([['RISK', 'ACTION', 'NAME', 'VERSION', 'NOTE'], ...rows, ...firm])]),
    ...(reboot.expected ? ['a reboot is needed:', ...reboot.causes.map((cause) => `  ${cause}`)] : []),
    ...warnings.map((text) => `warning: ${text}`),
    ...blockers.map((text) => paint('red', `in the way: ${text}`)),
    ...commands.map((command) => `  $ ${command}`),
    `plan ${id}`,
  ].join('\n');
}

const COMMON = {
  drain: { type: 'string', value: 'DURATION', help: 'time for running requests to finish, 30s when not given' },
  'no-restore': { type: 'boolean', help: 'do not load the present model again at the end' },
  reason: { type: 'string', value: 'TEXT', help: 'why; shown to everybody' },
  ...LOCK_FILE,
  ...WORK_OPTIONS,
  ...YES,
} as const satisfies Options;

const commonBody = ({ values, io, out }: Pick<Call<typeof COMMON>, 'values' | 'io' | 'out'>) => {
  const lockId = readLockId(values, io, (text) => out.warn(text));
  return {
    ...(values.drain !== undefined && { drain_seconds: parseSeconds(values.drain, '--drain', 0, 3_600) }),
    ...(values['no-restore'] && { restore_model: false }),
    ...(values.reason !== undefined && { reason: values.reason }),
    ...(lockId !== null && { lock_id: lockId }),
    requested_by: io.user,
  };
};

export const hostUpdate = defineCommand({
  name: 'host update',
  summary: 'Update a host: system, driver, firmware; reboots it if need be',
  arguments: [{ name: 'HOST', kind: 'host' }],
  options: {
    ...COMMON,
    plan: { type: 'string', value: 'ID', help: 'a plan of "host updates"; one is made and shown when not given' },
    'whole-cluster': { type: 'boolean', help: 'then every other host of its cluster too' },
    reboot: { type: 'string', value: 'WHEN', help: `${REBOOTS.join(', ')}; if_required when not given`, choices: REBOOTS },
    'no-firmware': { type: 'boolean', help: 'leave the firmware as it is' },
    'accept-danger': { type: 'boolean', help: 'also with a line of danger in the plan' },
  },
  details: 'It takes the lock of the cluster for the time, unless you hold it, and stops the model. It survives a lost connection.',
  examples: [['host update spark1', 'shows the plan and asks']],
  async run(call) {
    const { args, values, out, signal, connect } = call;
    const [key = ''] = args;
    const common = commonBody(call);
    const connection = connect();
    let { plan } = values;
    if (plan === undefined) {
      const made = await connection.client.hostAdmin.updatePlan(key, { signal });
      if (made.blockers.length > 0)
        throw new Failure(EXIT.refused, 'PREFLIGHT_FAILED', `${key} cannot be updated now: ${made.blockers.join('; ')}`);
      if (made.risk === 'danger' && !values['accept-danger'])
        throw new Failure(
          EXIT.refused,
          'PREFLIGHT_FAILED',
          `the plan has a line of danger, so it needs --accept-danger; see "sparkctl host updates ${key}"`,
        );
      if (!out.isJson) out.note(planLines(made, (_, text) => text));
      plan = made.id;
    }
    await confirm(call, `update ${key}, which stops its model`);
    const reboot = REBOOTS.find((known) => known === values.reboot);
    const body = {
      ...common,
      plan,
      ...(values['whole-cluster'] && { scope: 'cluster' as const }),
      ...(reboot !== undefined && { reboot }),
      ...(values['no-firmware'] && { firmware: false }),
      ...(values['accept-danger'] && { accept_danger: true }),
    };
    return runOperation(call, connection, ({ client }) => client.hostAdmin.update(key, body, { signal }));
  },
});

export const hostReboot = defineCommand({
  name: 'host reboot',
  summary: 'Reboot a host and wait until it is back and well',
  arguments: [{ name: 'HOST', kind: 'host' }],
  options: COMMON,
  details: 'It takes the lock of the cluster for the time, unless you hold it, and stops the model.',
  examples: [['host reboot spark2 --reason "leaked driver memory"', 'drain, stop, reboot, check, load again']],
  async run(call) {
    const { args, signal, connect } = call;
    const [key = ''] = args;
    const body = { ...commonBody(call), confirm: key };
    await confirm(call, `reboot ${key}, which stops its model`);
    return runOperation(call, connect(), ({ client }) => client.hostAdmin.reboot(key, body, { signal }));
  },
});
