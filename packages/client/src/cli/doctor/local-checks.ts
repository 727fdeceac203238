import type { WireSettings } from '@spark-control/schema';
import type { Io } from '../io.ts';
import { type Check, checkOf } from './check.ts';

const FOLDERS = ['SPARK_CONTROL_CONFIG', 'SPARK_CONTROL_DATA'] as const;

/**
 * What `spark-control doctor` finds on this machine, when the server's package is here. `settings`: of the server that runs, so that
 * its own folders are looked at; `null`: of the environment, and then the hosts are tested from here too.
 */
export async function localChecks(io: Io, settings: WireSettings | null, withHosts: boolean): Promise<readonly Check[]> {
  const say = checkOf('this machine');
  const argv = ['doctor', '--json', ...(settings !== null || !withHosts ? ['--no-hosts'] : [])];
  const ended = await io.runServer(argv, { env: foldersOf(settings), isCaptured: true });
  if (ended === null) return [say('skip', 'The package of the server is not installed here.')];
  try {
    return (JSON.parse(ended.stdout) as { checks: readonly Check[] }).checks;
  } catch {
    return [say('fail', 'spark-control doctor ended without a report.', 'Run "spark-control doctor" by itself.')];
  }
}

function foldersOf(settings: WireSettings | null): Readonly<Record<string, string>> {
  const found = FOLDERS.flatMap((name) => {
    const value = settings?.items.find(({ path }) => path === `env#/${name}`)?.value;
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(found);
}

/** Whether a server of this address runs on this very machine. */
export function isHere(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
}
