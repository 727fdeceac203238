import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import {
  type Issue,
  type Logger,
  type NewService,
  type Service,
  type ServiceRegistry,
  SparkError,
  silentLogger,
} from '@spark-control/core';
import { Document, isMap, parseDocument } from 'yaml';
import { writeAtomically, writeFault } from './atomic-write.ts';
import { FileWatch, type FileWatchOptions } from './file-watch.ts';
import { type ServiceEntries, type ServiceSurroundings, serviceEntries } from './service-entries.ts';
import { summaryOf } from './summary.ts';
import { parseYaml, readYaml, type YamlResult } from './yaml-file.ts';

export type ServiceFiles = Readonly<{ services: string; overrides: string }>;
export type ServiceRegistryOptions = Readonly<{ files: ServiceFiles; surroundings: ServiceSurroundings; logger?: Logger | undefined }> &
  FileWatchOptions;

/** Reads both files. Never throws. */
export function readServices(files: ServiceFiles, surroundings: ServiceSurroundings): ServiceEntries & Readonly<{ isMissing: boolean }> {
  const base = readYaml(files.services);
  return { ...entriesOf(base, readYaml(files.overrides), surroundings), isMissing: base.kind === 'missing' };
}

/** The services of services.yaml under services-overrides.yaml, read again when a file changes. */
export class YamlServiceRegistry implements ServiceRegistry {
  readonly #files: ServiceFiles;
  readonly #around: ServiceSurroundings;
  readonly #logger: Logger;
  readonly #watch: FileWatch;
  #services: readonly Service[] = [];
  #hadFile: boolean;
  #fault: string | null = null;
  /** Oddities of what was read first, as sentences. */
  readonly warnings: readonly string[];

  /** Throws INVALID_SETTINGS when the files are broken now: there is nothing good to keep yet. */
  constructor({ files, surroundings, logger = silentLogger, ...watching }: ServiceRegistryOptions) {
    this.#files = files;
    this.#around = surroundings;
    this.#logger = logger;
    this.#watch = new FileWatch(Object.values(files), () => this.reload(), watching);
    const reading = readServices(files, surroundings);
    if (reading.kind === 'broken') {
      this.#watch.stop();
      throw invalid('The services are not valid', reading.issues);
    }
    this.#services = reading.services;
    this.#hadFile = !reading.isMissing;
    this.warnings = reading.warnings;
  }

  all(): readonly Service[] {
    return this.#services;
  }

  /** What is wrong with the files now, while the last good services stay; `null`: nothing. */
  get fault(): string | null {
    return this.#fault;
  }

  /** Reads the files now. */
  reload(): void {
    this.#watch.mark();
    const reading = readServices(this.#files, this.#around);
    const issues = reading.kind === 'broken' ? reading.issues : this.#lossOf(reading.isMissing);
    if (reading.kind === 'good' && issues.length === 0) {
      this.#services = reading.services;
      this.#hadFile = !reading.isMissing;
      this.#fault = null;
      return;
    }
    this.#fault = summaryOf('The services are not valid, the last good ones are used', issues);
    this.#logger.warn(this.#fault, { issues });
  }

  async add(service: NewService): Promise<Service> {
    const { key } = service;
    const path = this.#files.overrides;
    const base = readYaml(this.#files.services);
    const before = entriesOf(base, readYaml(path), this.#around);
    if (before.kind === 'broken') throw invalid('The services are not valid, so none can be added', before.issues);
    if (before.services.some((other) => other.key === key)) {
      throw invalid('The service cannot be added', [{ path: '/key', code: 'duplicate', message: `There is a service ${key} already.` }]);
    }
    const bytes = contentOf(path);
    // Written back it would have other letters.
    if (bytes !== null && !isUtf8(bytes)) throw invalid('The service cannot be added', [notUtf8(path)]);
    const content = withService(bytes?.toString('utf8') ?? null, service);
    const after = entriesOf(base, parseYaml(path, content), this.#around);
    if (after.kind === 'broken') throw invalid('The service cannot be added', after.issues);
    const isStill = (now: Buffer | null): boolean => (now === null || bytes === null ? now === bytes : now.equals(bytes));
    if (!writeAtomically(path, content, () => isStill(contentOf(path)))) {
      throw new SparkError('STALE_REVISION', `${path} was changed by another program at the same moment. Try again.`);
    }
    this.reload();
    const added = this.#services.find((other) => other.key === key);
    // The files were changed at the same moment, and are broken now.
    if (added === undefined) throw invalid('The service was written, but the files are not valid', [issueOf(path, this.#fault)]);
    return added;
  }

  /** Stops looking at the files. */
  dispose(): void {
    this.#watch.stop();
  }

  /** A file that was there and is gone was moved by mistake, or is being written anew. */
  #lossOf(isMissing: boolean): readonly Issue[] {
    return isMissing && this.#hadFile ? [issueOf(this.#files.services, 'The file is gone.')] : [];
  }
}

const issueOf = (path: string, message: string | null): Issue => ({
  path: `${path}#`,
  code: 'missing',
  message: message ?? 'Read it again.',
});

const notUtf8 = (path: string): Issue => ({
  ...{ path: `${path}#`, code: 'bad_file' },
  message: 'It cannot be edited by a program: it is not UTF-8 throughout. Edit it by hand.',
});

const invalid = (what: string, issues: readonly Issue[]): SparkError =>
  new SparkError('INVALID_SETTINGS', summaryOf(what, issues), { details: { issues } });

function entriesOf(base: YamlResult, over: YamlResult, surroundings: ServiceSurroundings): ServiceEntries {
  const issues = [base, over].flatMap((result) => (result.kind === 'broken' ? result.issues : []));
  if (issues.length > 0) return { kind: 'broken', issues };
  const overFile = over.kind === 'read' && over.file.value !== null ? over.file : null;
  return serviceEntries(base.kind === 'read' ? base.file : null, overFile, surroundings);
}

/** `null`: there is no such file yet. */
function contentOf(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw writeFault(path, error);
  }
}

const HEADER = ' Services that were added with Spark Control, and changes to those of services.yaml.';

/** The file with one more entry; what stands in it stays, comments too. */
function withService(content: string | null, service: NewService): string {
  const document = content === null || content.trim() === '' ? new Document({}) : parseDocument(content);
  if (content === null) document.commentBefore = HEADER;
  if (!isMap(document.contents)) document.contents = document.createNode({});
  if (!isMap(document.get('services'))) document.set('services', document.createNode({}));
  document.setIn(['services', service.key], document.createNode(fieldsOf(service)));
  return document.toString({ lineWidth: 0 });
}

function fieldsOf({ name, kind, host, port, healthPath, model, container, usesGpu }: NewService): Readonly<Record<string, unknown>> {
  const fields = { name, kind, host, port, health_path: healthPath, model, container, uses_gpu: usesGpu };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
