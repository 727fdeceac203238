import { defineCommand, LOCK_FILE } from '../command.ts';
import { formatDuration } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import type { Painter } from '../output.ts';
import { readLockId } from '../settings.ts';
import { gib, plain } from '../text.ts';

const PAINTS = { pass: 'green', warn: 'yellow', fail: 'red', unknown: 'yellow' } as const;

export const validate = defineCommand({
  name: 'validate',
  summary: 'Run every check of a swap and start nothing',
  arguments: [{ name: 'MODEL', kind: 'model' }],
  options: { ...LOCK_FILE },
  details: 'Ends with 12 when the swap would be refused.',
  examples: [['validate gpt-oss-120b', 'would it load now?']],
  async run({ args: [model = ''], values, io, out, signal, connect }) {
    const { client, settings } = connect();
    const lockId = readLockId(values, io, (text) => out.warn(text));
    const report = await client.swaps.validate(model, settings.cluster === null ? {} : { cluster: settings.cluster }, { signal, lockId });
    out.result(report, ({ checks, command, memory, estimate, ok, cluster, model: key }, paint: Painter) => {
      const lines = checks.map(({ name, host, status, detail, hint }) => {
        const place = host === null ? '' : ` on ${host}`;
        return `${paint(PAINTS[status] ?? 'yellow', status.padEnd(7))} ${name}${place}: ${detail}${hint === null ? '' : `\n        -> ${hint}`}`;
      });
      const time = estimate.p50_seconds === null ? 'not known yet' : `${formatDuration(estimate.p50_seconds)} as a rule`;
      return [
        ...lines,
        `memory  needs ${gib(memory.needed_bytes)} of ${gib(memory.available_bytes)} (${memory.basis})`,
        `time    ${time}`,
        ...(command === null ? [] : [`command ${previewOf(report.command?.preview ?? '')}`]),
        ok ? `${key} can be loaded on ${cluster}` : paint('red', `${key} cannot be loaded on ${cluster}`),
      ].join('\n');
    });
    return report.ok ? EXIT.ok : EXIT.refused;
  },
});

/** The only text of an answer that has lines. */
const previewOf = (preview: string): string => preview.split('\n').map(plain).join('\n      ');
