import { compareNumbers, driverVersion, type HostCondition, type UpdateSurvey } from '@spark-control/core';

type Sections = ReadonlyMap<string, string>;

const textOf = (sections: Sections, name: string): string => sections.get(name) ?? '';
const lineOf = (sections: Sections, name: string): string | null => textOf(sections, name).split('\n')[0]?.trim() || null;

export type SystemFacts = Pick<UpdateSurvey, 'kernel' | 'driver' | 'dockerVersion' | 'rebootRequiredBy' | 'mayBecomeRoot'>;

/** The sections that a survey and a look at the condition share. */
export function parseSystem(sections: Sections): SystemFacts {
  const kernel = lineOf(sections, 'kernel');
  const driver = /\b(\d{3}\.\d+(?:\.\d+)?)\b/.exec(textOf(sections, 'driver'))?.[1] ?? null;
  return {
    kernel,
    driver,
    dockerVersion: lineOf(sections, 'docker'),
    mayBecomeRoot: lineOf(sections, 'root') === 'yes',
    rebootRequiredBy: [
      ...rebootFile(textOf(sections, 'reboot')),
      ...newerKernel(kernel, packagesOf(textOf(sections, 'kernel_packages'))),
      ...otherDriver(driver, packagesOf(textOf(sections, 'driver_packages'))),
    ],
  };
}

/** `null`: an answer that ends too early. */
export function parseCondition(sections: Sections): HostCondition | null {
  const bootId = lineOf(sections, 'boot');
  const { kernel, driver, dockerVersion, rebootRequiredBy, mayBecomeRoot } = parseSystem(sections);
  if (bootId === null || kernel === null || !sections.has('end')) return null;
  const gpu = lineOf(sections, 'gpu');
  const gpuAnswers = gpu === null ? null : gpu === 'yes';
  return { bootId, kernel, driver, gpuAnswers, dockerAnswers: dockerVersion !== null, rebootRequiredBy, mayBecomeRoot };
}

/** DGX OS names itself in a file of its own, beside the Ubuntu below it. */
export function parseOs(text: string): string | null {
  const values = new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const [, name = 'PRETTY', value = ''] = /^(?:(DGX_\w+)=)?(.*)$/.exec(line) ?? [];
      const bare = value.replace(/^"(.*)"$/, '$1').trim();
      return bare === '' ? [] : [[name, bare]];
    }),
  );
  const pretty = values.get('PRETTY') ?? null;
  const dgx = values.get('DGX_OTA_VERSION') ?? values.get('DGX_SWBUILD_VERSION');
  if (dgx === undefined) return pretty;
  return pretty === null ? `DGX OS ${dgx}` : `DGX OS ${dgx} (${pretty})`;
}

/** `812 unattended-upgr` becomes `unattended-upgr (pid 812)`. */
export function parseBusy(text: string): string | null {
  const [, pid, name] = /^(\d+) ?(.*)$/m.exec(text) ?? [];
  return pid === undefined ? null : `${name?.trim() || 'another process'} (pid ${pid})`;
}

/** Lines of `df -Pk` with the path that was asked for before each. */
export function parseFree(text: string): UpdateSurvey['free'] {
  return text.split('\n').flatMap((line) => {
    const [path, ...columns] = line.trim().split(/\s+/);
    const blocks = columns.at(-3);
    return path === undefined || blocks === undefined || !/^\d+$/.test(blocks) ? [] : [{ path, bytes: Number(blocks) * 1024 }];
  });
}

function rebootFile(text: string): readonly string[] {
  const [first, ...names] = text.split('\n').filter((line) => line !== '');
  if (first === undefined) return [];
  return names.length === 0 ? ['The system asks for a reboot.'] : [`A reboot is asked for by: ${names.join(', ')}.`];
}

type Installed = Readonly<{ name: string; version: string }>;

const packagesOf = (text: string): readonly Installed[] =>
  text.split('\n').flatMap((line) => {
    const [status, name, version] = line.trim().split(/\s+/);
    return status !== 'ii' || name === undefined || version === undefined ? [] : [{ name, version }];
  });

/** Kernels of another flavour lie beside the one that is meant to run, and would never be chosen. */
function newerKernel(running: string | null, packages: readonly Installed[]): readonly string[] {
  const flavour = (release: string): string => release.replace(/^[\d.]+-\d+/, '');
  const releases = packages.flatMap(({ name }) => /^linux-image-(?:unsigned-)?(\d.*)$/.exec(name)?.[1] ?? []);
  if (running === null) return [];
  const newest = releases
    .filter((release) => flavour(release) === flavour(running))
    .sort(compareNumbers)
    .at(-1);
  if (newest === undefined || compareNumbers(newest, running) <= 0) return [];
  return [`Kernel ${running} runs, and ${newest} is installed.`];
}

function otherDriver(loaded: string | null, packages: readonly Installed[]): readonly string[] {
  const versions = [...new Set(packages.flatMap(({ version }) => driverVersion(version) ?? []))].sort(compareNumbers);
  const newest = versions.at(-1);
  if (loaded === null || newest === undefined || versions.includes(loaded)) return [];
  return [`Driver ${loaded} is loaded, and ${newest} is installed.`];
}
