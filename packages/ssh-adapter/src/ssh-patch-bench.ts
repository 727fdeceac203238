import {
  type PatchBackup,
  type PatchBench,
  type PatchContent,
  type PatchState,
  type PatchSurvey,
  type Service,
  SparkError,
} from '@spark-control/core';
import { applyScript, backupScript, inspectScript, undoScript } from './patch-scripts.ts';
import { sectionsOf } from './script-text.ts';
import type { ServiceContainer, ServiceContainers } from './service-container.ts';

const SUM = /^[0-9a-f]{64}$/;
const LIMIT = { timeoutMs: 300_000 } as const;

/** {@link PatchBench}: the content travels over standard input, backups lie in `~/.spark-control/patches` of the login user. */
export class SshPatchBench implements PatchBench {
  readonly #containers: ServiceContainers;

  constructor(containers: ServiceContainers) {
    this.#containers = containers;
  }

  async inspect(service: Service, files: readonly PatchContent[], signal: AbortSignal): Promise<PatchSurvey> {
    const container = this.#containers.of(service, 'change');
    const targets = files.map(({ target }) => target);
    const stdout = await container.run(
      inspectScript(container.word, targets),
      { what: `looking at files of ${service.name}`, ...LIMIT },
      signal,
    );
    refuseTrouble(container, stdout, targets);
    const id = sectionsOf(stdout).get('container')?.trim() ?? '';
    return { container: id, files: statesOf(container, stdout, files) };
  }

  async apply(service: Service, files: readonly PatchContent[], backup: string, signal: AbortSignal): Promise<readonly PatchState[]> {
    const container = this.#containers.of(service, 'change');
    const script = applyScript(container.word, service.key, backup, files);
    const stdout = await container.run(script, { what: `patching ${service.name}`, ...LIMIT }, signal);
    refuseTrouble(
      container,
      stdout,
      files.map(({ target }) => target),
    );
    return statesOf(container, stdout, files);
  }

  async backup(service: Service, signal: AbortSignal): Promise<PatchBackup | null> {
    const container = this.#containers.of(service, 'change');
    const what = `looking at the backups of ${service.name}`;
    const stdout = await container.run(backupScript(container.word, service.key), { what, ...LIMIT }, signal);
    refuseTrouble(container, stdout, []);
    const sections = sectionsOf(stdout);
    const [head = '', ...lines] = (sections.get('backup') ?? '').split('\n').filter((line) => line !== '');
    const [id, of] = head.split(' ');
    if (id === undefined || of === undefined) return null;
    return { id, container: of, isOfThisContainer: of === sections.get('container')?.trim(), files: lines.flatMap(savedFile) };
  }

  async undo(service: Service, backup: string, signal: AbortSignal): Promise<PatchBackup['files']> {
    const container = this.#containers.of(service, 'change');
    const before = await this.backup(service, signal);
    const stdout = await container.run(
      undoScript(container.word, service.key, backup),
      { what: `unpatching ${service.name}`, ...LIMIT },
      signal,
    );
    refuseTrouble(container, stdout, []);
    return (before?.files ?? []).map((file) => ({ ...file, current: file.saved }));
  }
}

const sumOf = (word: string | undefined): string | null => (word !== undefined && SUM.test(word) ? word : null);

function savedFile(line: string): PatchBackup['files'] {
  const [saved, current, name, ...target] = line.split('\t');
  return name === undefined ? [] : [{ name, target: target.join('\t'), saved: sumOf(saved), current: sumOf(current) }];
}

function statesOf(container: ServiceContainer, stdout: string, files: readonly PatchContent[]): readonly PatchState[] {
  const lines = (sectionsOf(stdout).get('files') ?? '').split('\n');
  return files.map(({ name, target, digest }, index) => {
    const word = lines.find((line) => line.startsWith(`${index} `))?.split(' ')[1];
    if (word !== 'absent' && sumOf(word) === null) throw trouble(container, word ?? '', target);
    return { name, target, wanted: digest, current: sumOf(word) };
  });
}

/** Throws what the script says went wrong. */
function refuseTrouble(container: ServiceContainer, stdout: string, targets: readonly string[]): void {
  const [, outcome, detail = ''] = /^outcome (\w+)(?: (\w+))?$/m.exec(stdout) ?? [];
  if (outcome === 'tool') throw container.refuse(`${container.host.name} has no program ${detail}, which this needs. Install it there.`);
  if (outcome !== undefined && outcome !== 'done') throw trouble(container, outcome, targets[Number(detail)] ?? 'a file');
  if (!sectionsOf(stdout).has('end')) throw trouble(container, '', 'a file');
}

function trouble(container: ServiceContainer, outcome: string, target: string): SparkError {
  const { name, host } = container;
  switch (outcome) {
    case 'missing':
      return container.refuse(`There is no container ${name} on ${host.name}.`);
    case 'odd':
      return container.refuse(`${target} in ${name} is no regular file; everything was left as it was.`);
    case 'refused':
      return container.refuse(`Docker on ${host.name} did not let ${target} of ${name} be read; try "docker ps" there.`);
    case 'unwritable':
      return container.refuse(`The login user of ${host.name} cannot write ~/.spark-control there; nothing was changed.`);
    case 'exists':
      return container.refuse('There is a backup of that name already; nothing was changed.');
    case 'unwritten':
      return container.refuse(`${target} in ${name} could not be written (is its folder there?); everything is as it was before.`);
    case 'halfway':
      return container.refuse(
        `Not every file of ${name} could be put back. What was saved is in ~/.spark-control/patches on ${host.name}.`,
      );
    case 'gone':
      return new SparkError('NOT_SUPPORTED', 'There is no such backup any more, or it was undone already.');
    case 'other':
      return new SparkError('NOT_SUPPORTED', `Container ${name} was made anew since it was patched: there is nothing to undo.`);
    default:
      return container.refuse(`${host.name} gave no complete answer about the files of ${name}.`);
  }
}
