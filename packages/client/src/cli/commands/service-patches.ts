import type { WirePatchPlan } from '@spark-control/schema';
import type { PatchAction } from '../../api/services.ts';
import { type Command, defineCommand, LOCK_FILE } from '../command.ts';
import { confirm, YES } from '../confirm.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { runOperation, WORK_OPTIONS } from '../follow-operation.ts';
import { readLockId } from '../settings.ts';
import { table } from '../text.ts';

const short = (sum: string | null): string => sum?.slice(0, 12) ?? '-';

function planLines({ container, files, restart, blockers, id }: WirePatchPlan): string {
  const rows = files.map(({ name, target, change, current_sha256, wanted_sha256 }) => [
    change,
    name,
    target,
    `${short(current_sha256)} -> ${short(wanted_sha256)}`,
  ]);
  return [
    `in container ${container.slice(0, 12)}${restart ? ', which is restarted' : ''}:`,
    table([['CHANGE', 'FILE', 'TARGET', 'CHECKSUM'], ...rows]),
    ...blockers.map((text) => `in the way: ${text}`),
    `plan ${id}`,
  ].join('\n');
}

const patching = (name: string, action: PatchAction, summary: string, verb: string): Command =>
  defineCommand({
    name,
    summary,
    arguments: [{ name: 'SERVICE', kind: 'service' }],
    options: {
      plan: { type: 'boolean', help: 'only show what would be changed' },
      reason: { type: 'string', value: 'TEXT', help: 'why' },
      ...LOCK_FILE,
      ...WORK_OPTIONS,
      ...YES,
    },
    details:
      'Shows the plan and asks. Each file is verified by its checksum; the service is restarted and checked. Ends with 12 when something is in the way.',
    examples: [[`${name} parakeet-asr`, summary]],
    async run(call) {
      const { args, values, io, out, signal, connect } = call;
      const [key = ''] = args;
      const connection = connect();
      const plan = await connection.client.services.patchPlan(key, action, { signal });
      if (values.plan) {
        out.result(plan, planLines);
        return plan.blockers.length === 0 ? EXIT.ok : EXIT.refused;
      }
      if (plan.blockers.length > 0) throw new Failure(EXIT.refused, 'PREFLIGHT_FAILED', plan.blockers.join('; '));
      if (plan.files.every(({ change }) => change === 'none')) {
        out.result(plan, () => 'there is nothing to change');
        return EXIT.ok;
      }
      out.note(planLines(plan));
      await confirm(call, `${verb} the patches of ${key}`);
      const lockId = readLockId(values, io, (text) => out.warn(text));
      const body = {
        requested_by: io.user,
        ...(values.reason !== undefined && { reason: values.reason }),
        ...(lockId !== null && { lock_id: lockId }),
      };
      return runOperation(call, connection, ({ client }) => client.services.patch(key, action, plan.id, body, { signal }));
    },
  });

export const servicePatch = patching('service patch', 'apply', 'Copy the patches of a service into its container again', 'apply');
export const serviceUnpatch = patching('service unpatch', 'undo', 'Take the patches of a service out of its container', 'undo');
