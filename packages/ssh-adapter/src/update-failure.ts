import type { UpdateStep } from '@spark-control/core';

/** Printed by the job when one of its commands failed. */
export const failedLine = (step: UpdateStep): string => `spark-control: step ${step} ended with exit code`;
const FAILED = /^spark-control: step (refresh|packages|firmware) ended with exit code (\d+)$/;

const COMMANDS: Readonly<Record<UpdateStep, string>> = {
  refresh: 'apt-get update',
  packages: 'apt-get dist-upgrade',
  firmware: 'fwupdmgr',
};

/** What the tools say, what it means, and what to do. First match counts: the last of them are only what follows from the first. */
const CAUSES: readonly (readonly [RegExp, string, string])[] = [
  [
    /a password is required|not allowed to (?:execute|set)|sudo: .*not found/,
    'root rights are missing',
    'The plan shows the line for sudoers.',
  ],
  [
    /No space left on device|don't have enough free space/,
    'a disk is full',
    'Free some space: sudo apt-get clean, sudo apt-get autoremove.',
  ],
  [
    /Could not get lock|Unable to (?:acquire|lock)/,
    'another process held the package lock for ten minutes',
    'Look what it does: ps aux | grep -E "apt|dpkg".',
  ],
  [/dpkg was interrupted/, 'an earlier run was broken off', 'Run there: sudo dpkg --configure -a. Then ask again.'],
  [
    /Sub-process .*dpkg returned an error|Errors were encountered while processing/,
    'a package could not be set up',
    'Run there: sudo dpkg --configure -a, then sudo apt-get --fix-broken install, and read what the package says.',
  ],
  [
    /unmet dependencies|held broken packages|pkgProblemResolver/,
    'packages do not fit together',
    'Run there: sudo apt-get --fix-broken install.',
  ],
  [
    /Failed to fetch|Unable to fetch|Could not resolve|Could not connect|Temporary failure/,
    'packages could not be downloaded',
    'Nothing was changed. Check the network of the host and its package sources, then ask again.',
  ],
];

export type UpdateFailure = Readonly<{ message: string; hint: string }>;

/** Why an update job ended with another exit code than 0, from its last lines. */
export function explainFailure(lines: readonly string[], exitCode: number): UpdateFailure {
  const [, step, code] = lines.map((line) => FAILED.exec(line)).findLast((match) => match !== null) ?? [];
  if (step === undefined) {
    const message = exitCode === 143 ? 'the job was ended before it was done (exit code 143)' : `the job ended with exit code ${exitCode}`;
    return { message, hint: 'Look on the host: sudo dpkg --audit, and the log of this operation.' };
  }
  const command = COMMANDS[step as UpdateStep];
  const cause = CAUSES.find(([words]) => lines.some((line) => words.test(line)));
  const message = `${command} ended with exit code ${code}${cause === undefined ? '' : `: ${cause[1]}`}`;
  return { message, hint: cause?.[2] ?? `Run there what failed, ${command}, and read what it says.` };
}
