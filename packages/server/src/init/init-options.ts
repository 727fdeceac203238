import { parseArgs } from 'node:util';
import type { Wishes } from './proposal.ts';

export const INIT_HELP = `Writes a commented spark.yaml by asking, or from flags; looks on the hosts for what runs there.

Usage: spark-control init [options]        or: sparkctl init [options]

Options
  --host ADDRESS         a host, head first; repeat it for the second one
  --user NAME            login user on the hosts (asked for; yours when not given in a script)
  --key-file FILE        private key (the first of ~/.ssh/id_ed25519, id_ecdsa, id_rsa that is there, else the SSH agent)
  --ssh-port PORT        port of SSH (22)
  --fingerprint SHA256:  host key that you have read on the host itself; repeat it in the order of the hosts
  --accept-key           take the host key that is shown without being asked; only in a network that you trust
  --launcher KIND        launch_cluster or docker_run (by what is found)
  --launcher-dir FOLDER  folder of launch-cluster.sh on the first host
  --port PORT            where the model answers (by what is found, else 8888 or 8000)
  --container NAME       container that serves (by what is found, else vllm_node or vllm)
  --image IMAGE          Docker image (by what is found)
  --output FILE          where to (spark.yaml in SPARK_CONTROL_CONFIG, else in ./config)
  --force                replace a file that is there
  --help                 this text

Without a terminal --host and a fingerprint (or --accept-key) are needed. Nothing is written before every host was logged in to.
models.yaml and services.yaml are put beside it where there are none. Exit codes: 0 written, 1 not, 2 wrong options.
`;

export type InitOptions = Readonly<{
  help: boolean;
  hosts: readonly string[];
  user: string | null;
  keyFile: string | null;
  sshPort: number;
  fingerprints: readonly string[];
  acceptKey: boolean;
  wishes: Wishes;
  output: string | null;
  force: boolean;
}>;

/** The command line cannot be understood; exit code 2. */
export class WrongOptions extends Error {
  override readonly name = 'WrongOptions';
}

const text = { type: 'string' } as const;
const many = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean' } as const;
const OPTIONS = {
  ...{ host: many, user: text, 'key-file': text, 'ssh-port': text, fingerprint: many, 'accept-key': flag, launcher: text },
  ...{ 'launcher-dir': text, port: text, container: text, image: text, output: text, force: flag, help: { ...flag, short: 'h' } },
} as const;

/** @throws {WrongOptions} */
export function initOptions(argv: readonly string[]): InitOptions {
  const { values } = parsed(argv);
  return {
    help: values.help ?? false,
    hosts: values.host ?? [],
    user: values.user ?? null,
    keyFile: values['key-file'] ?? null,
    sshPort: portOf(values['ssh-port'], '--ssh-port') ?? 22,
    fingerprints: (values.fingerprint ?? []).map(fingerprintOf),
    acceptKey: values['accept-key'] ?? false,
    wishes: {
      launcher: launcherOf(values.launcher),
      launcherDirectory: values['launcher-dir'] ?? null,
      port: portOf(values.port, '--port'),
      container: values.container ?? null,
      image: values.image ?? null,
    },
    output: values.output ?? null,
    force: values.force ?? false,
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: false });
  } catch (error) {
    throw new WrongOptions((error as Error).message.split('\n')[0] ?? '');
  }
}

function portOf(value: string | undefined, option: string): number | null {
  if (value === undefined) return null;
  const port = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (port < 1 || port > 65_535) throw new WrongOptions(`${option} is a number from 1 to 65535, not "${value}"`);
  return port;
}

function fingerprintOf(value: string): string {
  if (!/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(value))
    throw new WrongOptions('--fingerprint is SHA256: and 43 characters, as ssh-keygen -lf prints it');
  return value.replace(/=$/, '');
}

function launcherOf(value: string | undefined): Wishes['launcher'] {
  if (value === undefined || value === 'launch_cluster' || value === 'docker_run') return value ?? null;
  throw new WrongOptions(`--launcher is launch_cluster or docker_run, not "${value}"`);
}
