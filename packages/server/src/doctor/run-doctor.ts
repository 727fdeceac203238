import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Clock } from '@spark-control/core';
import type { SettingsSource } from '@spark-control/store-adapter';
import { defaultConfigFolder } from '../default-config.ts';
import { VERSION } from '../version.ts';
import { type Verdict, verdictOf } from './check.ts';
import { hostChecks } from './host-checks.ts';
import { configurationChecks, dataChecks, nodeCheck } from './local-checks.ts';

export const DOCTOR_HELP = `Tests what Spark Control needs on this machine, and says what to fix.

Usage: spark-control doctor [options]      "sparkctl doctor" asks the running server too

Options
  --no-hosts   leave the hosts alone
  --json       {"ok", "version", "checks": [{"name", "subject", "status", "detail", "hint"}]}
  --help       this text

Reads the same variables as the server: SPARK_CONTROL_CONFIG, SPARK_CONTROL_DATA, SPARK1_HOST, ...
Exit codes: 0 all is well (warnings allowed), 1 something has to be fixed, 2 wrong options.
`;

export type DoctorSurroundings = Readonly<{
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  signal: AbortSignal;
  print: (text: string) => void;
}>;

const MARKS = { pass: 'ok   ', warn: 'warn ', fail: 'FAIL ', skip: 'skip ' } as const;

/** `spark-control doctor`, from its words to its exit code. */
export async function runDoctor(argv: readonly string[], { env, clock, signal, print }: DoctorSurroundings): Promise<number> {
  const options = optionsOf(argv);
  if (typeof options === 'string') {
    print(`${options}\nTry: spark-control doctor --help\n`);
    return 2;
  }
  if (options.help) {
    print(DOCTOR_HELP);
    return 0;
  }
  const source: SettingsSource = {
    folder: resolve(env['SPARK_CONTROL_CONFIG'] || (existsSync('./config') ? './config' : defaultConfigFolder())),
    dataFolder: resolve(env['SPARK_CONTROL_DATA'] || './data'),
    env,
  };
  const verdict = await examine(source, options.hosts, clock, signal);
  print(options.json ? `${JSON.stringify({ version: VERSION, ...verdict }, null, 2)}\n` : textOf(verdict));
  return verdict.ok ? 0 : 1;
}

function optionsOf(argv: readonly string[]): string | Readonly<{ hosts: boolean; json: boolean; help: boolean }> {
  try {
    const flag = { type: 'boolean' } as const;
    const { values } = parseArgs({ args: [...argv], options: { 'no-hosts': flag, json: flag, help: { ...flag, short: 'h' } } });
    return { hosts: values['no-hosts'] !== true, json: values.json === true, help: values.help === true };
  } catch (error) {
    return (error as Error).message.split('\n')[0] ?? '';
  }
}

async function examine(source: SettingsSource, withHosts: boolean, clock: Clock, signal: AbortSignal): Promise<Verdict> {
  const { reading, checks } = configurationChecks(source);
  const canAsk = withHosts && !reading.simulated && reading.issues.length === 0;
  const agent = source.env['SSH_AUTH_SOCK'] ?? null;
  const hosts = canAsk ? await hostChecks(reading.clusters, agent, clock, signal) : [];
  return verdictOf([nodeCheck(process.version), ...checks, ...dataChecks(source.dataFolder), ...hosts]);
}

function textOf({ ok, checks }: Verdict): string {
  const lines = checks.map(({ status, name, subject, detail, hint }) => {
    const place = subject === null ? name : `${name} (${subject})`;
    return `${MARKS[status]}${place}: ${detail}${hint === null || status === 'pass' ? '' : `\n     -> ${hint}`}`;
  });
  const failed = checks.filter(({ status }) => status === 'fail').length;
  return `${[...lines, ok ? 'All that is needed is there.' : `${failed} to fix.`].join('\n')}\n`;
}
