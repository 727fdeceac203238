import type { WireSettings } from '@spark-control/schema';
import { SparkUnreachableError } from '../../errors.ts';
import { VERSION } from '../../version.ts';
import { type Call, defineCommand } from '../command.ts';
import { type Check, checkOf } from '../doctor/check.ts';
import { isHere, localChecks } from '../doctor/local-checks.ts';
import { serverChecks } from '../doctor/server-checks.ts';
import { EXIT } from '../exit-codes.ts';
import type { Painter } from '../output.ts';

const MARKS = { pass: 'ok', warn: 'warn', fail: 'FAIL', skip: 'skip' } as const;
const PAINTS = { pass: 'green', warn: 'yellow', fail: 'red', skip: 'dim' } as const;

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Test everything and say what to fix',
  arguments: [],
  options: {
    'no-hosts': { type: 'boolean', help: 'leave the hosts alone' },
    'no-local': { type: 'boolean', help: 'look at nothing on this machine' },
  },
  details:
    'Asks the server: versions, readiness, settings, the way to every host, weights, every service, webhooks. On the machine of the\n' +
    'server it looks at files, folders and Node too, by "spark-control doctor"; while no server runs, that tests the hosts directly.\n' +
    'Ends with 1 when something has to be fixed; warnings alone end with 0.',
  examples: [['doctor', 'after the installation, and whenever something is odd']],
  async run(call) {
    const { values, io, out, signal, connect } = call;
    const { client } = connect();
    const reached = await reach(call);
    const settings = reached.settings;
    const [server, local] = await Promise.all([
      reached.isUp ? serverChecks(client, settings, !values['no-hosts'], signal) : Promise.resolve([]),
      values['no-local'] || !isHere(client.baseUrl) ? Promise.resolve([]) : localChecks(io, settings, !reached.isUp && !values['no-hosts']),
    ]);
    const checks = [reached.check, ...server, ...local];
    const ok = checks.every(({ status }) => status !== 'fail');
    out.result({ ok, version: VERSION, checks }, ({ checks: shown }, paint) =>
      [...shown.map((check) => lineOf(check, paint)), ending(shown)].join('\n'),
    );
    return ok ? EXIT.ok : EXIT.failure;
  },
});

type Reached = Readonly<{ isUp: boolean; check: Check; settings: WireSettings | null }>;

async function reach({ connect, signal }: Pick<Call, 'connect' | 'signal'>): Promise<Reached> {
  const { client } = connect();
  const say = checkOf('server', client.baseUrl);
  try {
    await client.health({ signal });
  } catch (error) {
    signal.throwIfAborted();
    const isAway = error instanceof SparkUnreachableError;
    const hint = isAway ? 'Start it, or name it by --url or SPARK_BASE_URL.' : 'Is the URL right?';
    return { isUp: false, check: say('fail', (error as Error).message, hint), settings: null };
  }
  const settings = await client.settings.get({ signal }).catch(() => null); // what is in the way, the other parts say
  signal.throwIfAborted();
  return { isUp: true, check: say('pass', 'It answers.'), settings };
}

function lineOf({ name, subject, status, detail, hint }: Check, paint: Painter): string {
  const place = subject === null ? name : `${name} (${subject})`;
  const advice = hint === null || status === 'pass' ? '' : `\n     -> ${hint}`;
  return `${paint(PAINTS[status] ?? 'yellow', (MARKS[status] ?? status).padEnd(4))} ${place}: ${detail}${advice}`;
}

function ending(checks: readonly Check[]): string {
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  const warnings = count('warn') === 0 ? '' : `, ${count('warn')} warnings`;
  return count('fail') === 0 ? `All is well${warnings}.` : `${count('fail')} to fix${warnings}.`;
}
