import { hostKey, type PackageChange, type UpdateSurvey } from '../../src/index.ts';

const GIB = 2 ** 30;
export const SURVEYED_AT = Date.UTC(2026, 6, 14, 9);

export const upgrade = (name: string, from: string, to: string): PackageChange => ({ name, action: 'upgrade', from, to });
export const install = (name: string, to: string): PackageChange => ({ name, action: 'install', from: null, to });
export const removal = (name: string, from: string): PackageChange => ({ name, action: 'remove', from, to: null });

/** A host with nothing to do, in good order. */
export const aSurvey = (over: Partial<UpdateSurvey> = {}): UpdateSurvey => ({
  host: hostKey('spark1'),
  at: SURVEYED_AT,
  os: 'DGX OS 7.4.0 (Ubuntu 24.04.3 LTS)',
  kernel: '6.17.0-1021-nvidia',
  driver: '580.142',
  dockerVersion: '28.5.1',
  listsAt: SURVEYED_AT - 3_600_000,
  packages: [],
  held: [],
  broken: [],
  downloadBytes: 0,
  unpackBytes: 0,
  firmware: [],
  rebootRequiredBy: [],
  free: [
    { path: '/', bytes: 900 * GIB },
    { path: '/boot', bytes: 3 * GIB },
    { path: '/var', bytes: 900 * GIB },
  ],
  busyWith: null,
  mayBecomeRoot: true,
  ...over,
});
