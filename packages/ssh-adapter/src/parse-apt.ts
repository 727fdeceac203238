import type { PackageChange } from '@spark-control/core';

export type Simulation = Readonly<{ packages: readonly PackageChange[]; errors: readonly string[]; exitCode: number | null }>;

/**
 * The lines of `apt-get -s`: `Inst name [old] (new origin [arch]) [...]`, `Remv name [old]`, `Purg name [old]`, `E: text`. `null`: there is no apt-get.
 * `Conf` lines only repeat what was installed.
 */
export function parseSimulation(text: string): Simulation | null {
  if (text.trim() === 'missing') return null;
  const packages = new Map<string, PackageChange>();
  const errors: string[] = [];
  let exitCode: number | null = null;
  for (const line of text.split('\n')) {
    const change = changeOf(line);
    if (change !== null) packages.set(change.name, change);
    else if (line.startsWith('E: ')) errors.push(line.slice(3));
    else if (line.startsWith('code ')) exitCode = Number(line.slice(5));
  }
  return { packages: [...packages.values()], errors, exitCode };
}

function changeOf(line: string): PackageChange | null {
  const [, name, from, to] = /^Inst (\S+)(?: \[([^\]]*)\])? \((\S+)/.exec(line) ?? [];
  if (name !== undefined && to !== undefined) {
    return from === undefined ? { name, action: 'install', from: null, to } : { name, action: 'upgrade', from, to };
  }
  const [, gone, old] = /^(?:Remv|Purg) (\S+)(?: \[([^\]]*)\])?/.exec(line) ?? [];
  return gone === undefined ? null : { name: gone, action: 'remove', from: old ?? null, to: null };
}

const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** Of `Need to get 216 MB/300 MB of archives.` and `After this operation, 3233 kB disk space will be freed.`; apt counts in thousands. */
export function parseSizes(text: string): Readonly<{ downloadBytes: number | null; unpackBytes: number | null }> {
  const bytes = (match: RegExpExecArray | null): number | null => {
    const [, number, unit] = match ?? [];
    const factor = UNITS[unit ?? ''];
    return number === undefined || factor === undefined ? null : Math.round(Number(number.replaceAll(',', '')) * factor);
  };
  const unpacked = bytes(/^After this operation, ([\d.,]+) ([kMGT]?B)/m.exec(text));
  const isFreed = /^After this operation, .* will be freed/m.test(text);
  return {
    downloadBytes: bytes(/^Need to get ([\d.,]+) ([kMGT]?B)/m.exec(text)),
    unpackBytes: unpacked !== null && isFreed ? -unpacked : unpacked,
  };
}

const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/unpacked but not yet configured/, 'is unpacked but not configured'],
  [/only half configured/, 'is only half configured'],
  [/only half installed/, 'is only half installed'],
  [/in a mess/, 'is in a mess after an installation that failed, and has to be installed again'],
  [/trigger/, 'waits for triggers'],
  [/missing/, 'has lost files of its own'],
];

/** What `dpkg --audit` says: a paragraph about what is wrong, and below it the packages, each with a space before it. One package may be in several. */
export function parseAudit(text: string): readonly string[] {
  const sentences: string[] = [];
  let heading = '';
  let isInHeading = false;
  for (const line of text.split('\n')) {
    const name = /^ (\S+)/.exec(line)?.[1];
    if (name !== undefined) sentences.push(`${name} ${FAULTS.find(([words]) => words.test(heading))?.[1] ?? 'is not in order'}.`);
    else heading = isInHeading ? `${heading} ${line}` : line;
    isInHeading = name === undefined && line.trim() !== '';
  }
  return [...new Set(sentences)];
}
