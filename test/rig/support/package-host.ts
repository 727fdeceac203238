import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './commands.ts';
import { LOGIN, type SparkHost } from './spark-host.ts';

type Package = Readonly<{ name: string; version: string; depends?: string; held?: boolean }>;

/** A Spark before an update that has all of what is known to be bad in it. */
const INSTALLED: readonly Package[] = [
  { name: 'linux-image-6.17.0-1021-nvidia', version: '6.17.0-1021.21' },
  { name: 'linux-nvidia-hwe-24.04', version: '6.17.0-1021.21', depends: 'linux-image-6.17.0-1021-nvidia' },
  { name: 'nvidia-utils', version: '580.142-0ubuntu1' },
  { name: 'docker-ce', version: '5:28.5.1-1~ubuntu' },
  { name: 'libplain', version: '1.0' },
  { name: 'libheld', version: '1.0', held: true },
];
const OFFERED: readonly Package[] = [
  { name: 'linux-image-7.0.0-1019-nvidia', version: '7.0.0-1019.19' },
  { name: 'linux-nvidia-hwe-24.04', version: '7.0.0-1019.19', depends: 'linux-image-7.0.0-1019-nvidia' },
  { name: 'nvidia-utils', version: '590.44.01-0ubuntu1' },
  { name: 'docker-ce', version: '5:29.0.1-1~ubuntu' },
  { name: 'libplain', version: '1.1' },
  { name: 'libheld', version: '2.0' },
];

/** A host whose package tools work on a database of their own: nothing of the machine below is read, and nothing can be changed there. */
export type PackageHost = Readonly<{
  /** What was done as root, in order: the words of each command. */
  calls(): readonly string[];
  /** The update stops in its middle until the gate is open. */
  closeGate(): void;
  openGate(): void;
  /** Whether sudo asks for a password. */
  forbidRoot(isForbidden: boolean): void;
  /** As if the host had booted again. */
  boot(): Promise<void>;
  restore(): Promise<void>;
}>;

/**
 * apt-get itself, dpkg and apt-mark over a package database and a repository in the host's own folder, mounted over the machine's in the
 * namespaces of the host alone. Commands that would change something are written down in place of being run; sudo stays the login user.
 */
export async function equipWithPackages(host: SparkHost): Promise<PackageHost> {
  const root = join(host.directory, 'packages');
  const file = (...names: readonly string[]): string => join(root, ...names);
  for (const folder of ['repo', 'lists/partial', 'cache/archives/partial', 'dpkg/info', 'dpkg/updates', 'dpkg/triggers', 'log']) {
    mkdirSync(file(folder), { recursive: true });
  }
  const architecture = (await must(['dpkg', '--print-architecture'])).trim();
  const paragraph = ({ name, version, depends }: Package): string =>
    [
      `Package: ${name}`,
      `Version: ${version}`,
      `Architecture: ${architecture}`,
      'Maintainer: rig',
      ...(depends ? [`Depends: ${depends}`] : []),
    ].join('\n');
  const status = (packages: readonly Package[]): string =>
    packages.map((one) => `${paragraph(one)}\nStatus: ${one.held ? 'hold' : 'install'} ok installed\nDescription: rig\n\n`).join('');
  const offer = (one: Package): string =>
    `${paragraph(one)}\nFilename: ./${one.name}.deb\nSize: 1000000\nSHA256: ${'0'.repeat(64)}\nDescription: rig\n\n`;
  writeFileSync(file('repo', 'Packages'), OFFERED.map(offer).join(''));
  writeFileSync(file('dpkg', 'status'), status(INSTALLED));
  writeFileSync(
    file('dpkg', 'status-after'),
    status([...INSTALLED.filter(({ name }) => !isOffered(name)), ...OFFERED.filter(({ name }) => name !== 'libheld')]),
  );
  for (const { name } of [...INSTALLED, ...OFFERED])
    for (const kind of ['list', 'md5sums']) writeFileSync(file('dpkg/info', `${name}.${kind}`), '');
  for (const name of ['lock', 'lock-frontend', 'available']) writeFileSync(file('dpkg', name), '');
  writeFileSync(file('calls'), '');
  writeFileSync(file('boot_id'), `${await firstBoot(host)}\n`);
  await must(['chown', '-R', `${LOGIN.uid}:${LOGIN.gid}`, root]);
  for (const [name, text] of Object.entries(programs(root))) writeFileSync(join(host.directory, 'bin', name), text, { mode: 0o755 });
  const inHost = async (...argv: string[]): Promise<void> => {
    const outcome = await host.exec(argv);
    if (outcome.code !== 0) throw new Error(`${argv.join(' ')} on ${host.name}: ${outcome.stderr}`);
  };
  await inHost('mount', '-t', 'tmpfs', 'rig-apt', '/etc/apt');
  await inHost(
    'sh',
    '-c',
    `printf '%s' "$1" >/etc/apt/apt.conf; printf 'deb [trusted=yes] file:%s ./\\n' "$2" >/etc/apt/sources.list`,
    'sh',
    aptConf(root),
    file('repo'),
  );
  await inHost('mount', '--bind', file('dpkg'), '/var/lib/dpkg');
  await inHost('mount', '--bind', file('boot_id'), '/proc/sys/kernel/random/boot_id');
  await inHost('chmod', '1777', '/run');
  await inHost('/usr/bin/apt-get', '-q', 'update');
  return {
    calls: () =>
      readFileSync(file('calls'), 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    closeGate: () => writeFileSync(file('gate'), ''),
    openGate: () => rmSync(file('gate'), { force: true }),
    forbidRoot: (isForbidden) => (isForbidden ? writeFileSync(file('no-root'), '') : rmSync(file('no-root'), { force: true })),
    async boot() {
      await inHost('rm', '-f', '/run/reboot-required', '/run/reboot-required.pkgs');
      // In place: the mount follows the inode.
      writeFileSync(file('boot_id'), `${crypto.randomUUID()}\n`);
    },
    async restore() {
      await inHost('chmod', '755', '/run');
      await inHost('rm', '-f', '/run/reboot-required', '/run/reboot-required.pkgs');
      for (const path of ['/proc/sys/kernel/random/boot_id', '/var/lib/dpkg', '/etc/apt']) await inHost('umount', path);
      for (const name of Object.keys(programs(root))) rmSync(join(host.directory, 'bin', name), { force: true });
      if (existsSync(root)) rmSync(root, { recursive: true });
    },
  };
}

const isOffered = (name: string): boolean => name !== 'libheld' && OFFERED.some((one) => one.name === name);
const firstBoot = async (host: SparkHost): Promise<string> => (await host.exec(['cat', '/proc/sys/kernel/random/boot_id'])).stdout.trim();

const aptConf = (root: string): string => `Dir::State "${root}";
Dir::State::lists "${root}/lists";
Dir::State::status "/var/lib/dpkg/status";
Dir::State::extended_states "${root}/extended_states";
Dir::Cache "${root}/cache";
Dir::Log "${root}/log";
APT::Sandbox::User "root";
Acquire::Languages "none";
`;

/** What only looks goes to the real apt-get; the login user, which sudo stays, could not do more with it anyway. */
const programs = (root: string): Readonly<Record<string, string>> => ({
  sudo: `#!/bin/sh
[ "$1" = -n ] || exit 9
shift
[ ! -e ${root}/no-root ] || { echo 'sudo: a password is required' >&2; exit 1; }
exec env "$@"
`,
  systemctl: `#!/bin/sh
[ "$1" != --version ] || exit 0
printf 'systemctl %s\\n' "$*" >>${root}/calls
`,
  'apt-get': `#!/bin/sh
case " $* " in *' -s '* | *' --assume-no '* | *' --version '*) exec /usr/bin/apt-get "$@" ;; esac
printf 'apt-get %s\\n' "$*" >>${root}/calls
case " $* " in *' update '*) echo 'Reading package lists...'; exit 0 ;; esac
for package in linux-image-7.0.0-1019-nvidia linux-nvidia-hwe-24.04 nvidia-utils docker-ce libplain; do
  echo "Unpacking $package ..."
  while [ -e ${root}/gate ]; do sleep 0.02; done
  echo "Setting up $package ..."
done
cp ${root}/dpkg/status-after ${root}/dpkg/status.new && cat ${root}/dpkg/status.new >${root}/dpkg/status
echo 'linux-image-7.0.0-1019-nvidia' >/run/reboot-required.pkgs
: >/run/reboot-required
echo 'done.'
`,
});
