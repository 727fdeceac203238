import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  type Actor,
  type AuditEntry,
  type Issue,
  type Setting,
  type SettingChange,
  type SettingsDesk,
  type SettingsFile,
  type SettingsView,
  SparkError,
} from '@spark-control/core';
import { canBeWritten, writeAtomically } from './atomic-write.ts';
import { changeIssues, editedSettings } from './edit-settings.ts';
import { readSettings, type SettingsReading, type SettingsSource } from './read-settings.ts';
import { summaryOf } from './summary.ts';

export type YamlSettingsOptions = Readonly<{
  source: SettingsSource;
  /** Writes the audit trail. */
  record: (entry: AuditEntry) => Promise<void>;
  clock: Readonly<{ now(): number }>;
  /** Oddities of what was read at the start, the catalog's too. */
  warnings: readonly string[];
  /** Why nothing may be written although it could be; `null`: it may. */
  readOnly: string | null;
}>;

/** {@link SettingsDesk} over spark.yaml. It shows what the next start will use, and says when that is something else than now. */
export class YamlSettings implements SettingsDesk {
  readonly #options: YamlSettingsOptions;
  /** Of the file that this process was started with. */
  readonly #started: string;
  /** What was read last without a fault. */
  #good: SettingsReading;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: YamlSettingsOptions) {
    this.#options = options;
    this.#good = readSettings(options.source);
    this.#started = revisionOf(this.#text());
  }

  async view(): Promise<SettingsView> {
    const now = readSettings(this.#options.source);
    if (now.issues.length === 0) this.#good = now;
    const problem = now.issues.length === 0 ? null : summaryOf('The settings are not valid, and the next start would fail', now.issues);
    const revision = revisionOf(this.#text());
    const restartRequired = revision !== this.#started;
    const files = filesOf(now, now.issues, this.#options.readOnly);
    const own = restartRequired ? now.warnings : this.#options.warnings;
    // Without hosts there is no file to write into: the first change has to bring them.
    const isWritable = (files[0]?.writable ?? false) && !this.#good.simulated;
    return {
      revision,
      settings: this.#good.settings.map(({ isDecided, ...setting }): Setting => ({ ...setting, writable: isWritable && !isDecided })),
      files,
      warnings: [...(problem === null ? [] : [problem]), ...own],
      restartRequired,
    };
  }

  change(changes: readonly SettingChange[], expected: string | null, actor: Actor): Promise<SettingsView> {
    // One after the other: each begins with what the one before has written.
    const done = this.#last.then(() => this.#change(changes, expected, actor));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #change(changes: readonly SettingChange[], expected: string | null, actor: Actor): Promise<SettingsView> {
    const { source, record, clock, readOnly } = this.#options;
    const bytes = this.#bytes();
    // Written back it would have other letters.
    if (bytes !== null && !isUtf8(bytes)) throw byHand(this.#good.files.spark);
    const text = bytes?.toString('utf8') ?? null;
    if (readOnly !== null) throw new SparkError('READ_ONLY', readOnly);
    if (expected !== null && expected !== revisionOf(text)) {
      throw stale();
    }
    refuse(changeIssues(changes));
    const now = readSettings(source);
    if (text !== null && now.spark?.content == null) refuse(now.issues);
    if (now.issues.length === 0) this.#good = now;
    this.#refuseDecided(changes);
    const path = this.#good.files.spark;
    const edited = editedSettings(text, changes, this.#good.simulated ? [] : this.#good.clusters);
    const reading = readSettings(source, edited);
    refuse([...reading.issues, ...badNumbersOf(reading, changes)].map((issue) => withoutFile(issue, path)));
    // An editor may have saved the file since it was read.
    if (!writeAtomically(path, edited, () => this.#text() === text)) throw stale();
    await record({
      ...{ at: clock.now(), actor, action: 'settings_changed', cluster: null, target: path, fence: null },
      note: changes.map((change) => change.path).join(', '),
    });
    return this.view();
  }

  #refuseDecided(changes: readonly SettingChange[]): void {
    for (const { path } of changes) {
      const found = this.#good.settings.find(
        (setting) => setting.isDecided && (setting.path === path || setting.path.startsWith(`${path}/`)),
      );
      if (found === undefined) continue;
      const message = `${found.path} is decided by the environment variable ${found.variable}. Change that, or unset it, and start again.`;
      throw new SparkError('READ_ONLY', message, { details: { variable: found.variable } });
    }
  }

  #text(): string | null {
    return this.#bytes()?.toString('utf8') ?? null;
  }

  #bytes(): Buffer | null {
    try {
      return readFileSync(this.#good.files.spark);
    } catch {
      return null; // what is wrong with the file, reading the settings tells
    }
  }
}

const stale = (): SparkError =>
  new SparkError('STALE_REVISION', 'The settings were changed since they were read. Read them again and repeat the change.');

const byHand = (path: string): SparkError =>
  new SparkError('INVALID_SETTINGS', `${path} cannot be edited by a program: it is not UTF-8 throughout. Edit it by hand.`);

const revisionOf = (text: string | null): string =>
  createHash('sha256')
    .update(text ?? '')
    .digest('hex')
    .slice(0, 16);

function refuse(issues: readonly Issue[]): void {
  if (issues.length > 0) throw new SparkError('INVALID_SETTINGS', summaryOf('The change is not valid', issues), { details: { issues } });
}

/** A bad number keeps no server from starting, but nobody needs to write one. */
function badNumbersOf({ spark }: SettingsReading, changes: readonly SettingChange[]): readonly Issue[] {
  const bad = spark?.badNumbers ?? [];
  return bad
    .filter(({ pointer }) => changes.some(({ path }) => pointer === path || pointer.startsWith(`${path}/`)))
    .map(({ pointer, message }) => ({ path: `#${pointer}`, code: 'bad_number', message: message.slice(message.indexOf(': ') + 2) }));
}

const NO_HOSTS = 'spark.yaml has to name the hosts: bring /hosts with the same change, or let "sparkctl init" write the file.';

/** A pointer into what was sent says more to the sender than the line of a file that was never written. */
function withoutFile({ line: _line, ...issue }: Issue, path: string): Issue {
  const pointer = issue.path.replace(`${path}#`, '#').replace(/^#/, '');
  return pointer === '' && issue.code === 'missing' ? { ...issue, path: pointer, message: NO_HOSTS } : { ...issue, path: pointer };
}

function filesOf({ files }: SettingsReading, issues: readonly Issue[], readOnly: string | null): readonly SettingsFile[] {
  const names: Readonly<Record<keyof typeof files, string>> = {
    spark: 'spark.yaml',
    models: 'models.yaml',
    modelsOverrides: 'models-overrides.yaml',
    services: 'services.yaml',
    servicesOverrides: 'services-overrides.yaml',
  };
  return (Object.keys(names) as (keyof typeof files)[]).map((key) => {
    const path = files[key];
    const faults = issues.filter((issue) => issue.path.startsWith(`${path}#`));
    const obstacle = (key === 'spark' ? readOnly : null) ?? obstacleOf(path);
    const problem = faults.length > 0 ? summaryOf('It is not valid', faults) : obstacle;
    return { name: names[key], path, exists: existsSync(path), writable: obstacle === null, problem };
  });
}

/** What keeps a file from being written; `null`: nothing that can be seen without trying. */
function obstacleOf(path: string): string | null {
  if (canBeWritten(path)) return null;
  const folder = dirname(path);
  return existsSync(folder)
    ? `It cannot be written: make ${path} and its folder writable for the user of Spark Control.`
    : `It cannot be written: there is no folder ${folder}.`;
}
