import type { UpdateStep } from '../ports/host-maintenance.ts';

/** One command of an update, to be run as root. `fine`: exit codes that are no failure. */
export type UpdateCommand = Readonly<{ step: UpdateStep; argv: readonly string[]; fine: readonly number[] }>;

/** Another process that holds the package lock gets this long to be done. */
const LOCK_WAIT_SECONDS = 600;

/** So that no package asks a question, and none of the files that somebody edited is overwritten. */
export const UPDATE_ENV: Readonly<Record<string, string>> = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' };

const LOCK = ['-o', `DPkg::Lock::Timeout=${LOCK_WAIT_SECONDS}`];
const REFRESH: UpdateCommand = { step: 'refresh', argv: ['apt-get', ...LOCK, '-q', 'update'], fine: [0] };
const PACKAGES: UpdateCommand = {
  step: 'packages',
  argv: [
    'apt-get',
    ...LOCK,
    ...['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold', '-o', 'Dpkg::Use-Pty=0'],
    ...['-q', '-y', 'dist-upgrade'],
  ],
  fine: [0],
};
/** fwupdmgr: 2 is "nothing to do", 3 "nothing of that kind found"; neither changed anything. Metadata that could not be fetched leaves the old. */
const FIRMWARE: readonly UpdateCommand[] = [
  { step: 'firmware', argv: ['fwupdmgr', 'refresh', '--force'], fine: [0, 1, 2, 3] },
  { step: 'firmware', argv: ['fwupdmgr', 'upgrade', '-y', '--no-reboot-check'], fine: [0, 2, 3] },
];

/** The commands of these steps, in the order in which they have to be run, whatever the order of `steps`. */
export const updateCommands = (steps: readonly UpdateStep[]): readonly UpdateCommand[] =>
  [REFRESH, PACKAGES, ...FIRMWARE].filter(({ step }) => steps.includes(step));

/** A command as it is run by a login user: through sudo, unless that is root. */
export const asRoot = (argv: readonly string[], user: string): readonly string[] => [
  ...(user === 'root' ? ['env'] : ['sudo', '-n']),
  ...Object.entries(UPDATE_ENV).map(([name, value]) => `${name}=${value}`),
  ...argv,
];

/** What a user other than root needs in sudoers. SETENV: the answers to questions of packages go through the environment. */
export const sudoersLine = (user: string): string =>
  `${user} ALL=(root) NOPASSWD:SETENV: /usr/bin/apt-get, /usr/bin/fwupdmgr, /usr/bin/systemctl`;
