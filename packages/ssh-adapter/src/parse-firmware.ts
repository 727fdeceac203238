import type { FirmwareChange } from '@spark-control/core';

/** fwupdmgr: there is nothing to do. */
const NOTHING_TO_DO = 2;

/**
 * What `fwupdmgr get-updates --json` says after a line `code N`: devices, each with the releases that could be installed, newest first. `null`: there is no
 * fwupdmgr, or it could not tell.
 */
export function parseFirmware(text: string): readonly FirmwareChange[] | null {
  const [, code, json = ''] = /^code (\d+)\n([\s\S]*)$/.exec(text) ?? [];
  if (code === undefined) return null;
  if (Number(code) === NOTHING_TO_DO) return [];
  if (Number(code) !== 0) return null;
  const devices = member(parsed(json), 'Devices');
  if (!Array.isArray(devices)) return null;
  return devices.flatMap((device: unknown) => {
    const releases = member(device, 'Releases');
    const newest: unknown = Array.isArray(releases) ? releases[0] : undefined;
    const to = textOf(member(newest, 'Version'));
    if (to === null) return [];
    const name = textOf(member(device, 'Name')) ?? textOf(member(device, 'DeviceId')) ?? 'unknown device';
    return [{ device: name, name: textOf(member(newest, 'Name')) ?? name, from: textOf(member(device, 'Version')), to }];
  });
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
