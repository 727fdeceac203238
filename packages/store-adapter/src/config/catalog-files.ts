import { checkCatalog, type Issue, type Model, mergeEntries, type RawEntry } from '@spark-control/core';
import { ModelOverridesFile, ModelsFile } from '@spark-control/schema';
import { shapeIssues } from './file-shape.ts';
import { issueAt, parseYaml, readContent, readYaml, type YamlFile, type YamlResult } from './yaml-file.ts';

export type CatalogFiles = Readonly<{ models: string; overrides: string }>;

/** A catalog without a fault. `own` is what the base file says, `entries` both files together, each entry as written. */
export type GoodCatalog = Readonly<{
  kind: 'good';
  models: readonly Model[];
  /** There is no models.yaml, so the catalog has only what the overrides add. */
  isMissing: boolean;
  own: RawEntry;
  overrides: RawEntry;
  entries: RawEntry;
  /** The overrides file byte for byte; `null`: there is none. */
  bytes: Buffer | null;
  base: YamlResult;
}>;

export type CatalogReading = GoodCatalog | Readonly<{ kind: 'broken'; issues: readonly Issue[] }>;

/** Reads the catalog and its overrides, checks shape and meaning of both together. Never throws. */
export function readCatalog(files: CatalogFiles): CatalogReading {
  const base = readYaml(files.models);
  const content = readContent(files.overrides);
  if (content.kind === 'content') return catalogOf(base, files.overrides, content.bytes);
  return content.kind === 'missing' ? catalogOf(base, files.overrides, null) : broken([base, content]);
}

/** The catalog that a base file and the bytes of an overrides file make. `path` only names the latter. */
export function catalogOf(base: YamlResult, path: string, bytes: Buffer | null): CatalogReading {
  const over: YamlResult = bytes === null ? { kind: 'missing' } : parseYaml(path, bytes.toString('utf8'));
  if (base.kind === 'broken' || over.kind === 'broken') return broken([base, over]);
  const baseFile = base.kind === 'read' ? base.file : null;
  const overFile = over.kind === 'read' && over.file.value !== null ? over.file : null;
  const own = entriesOf(baseFile);
  const overrides = entriesOf(overFile);
  const entries = mergeEntries(own, overrides);
  const result = checkCatalog(entries);
  const issues = faultsOf('issues' in result ? result.issues : [], baseFile, overFile);
  if (issues.length > 0 || 'issues' in result) return { kind: 'broken', issues };
  const models = result.models.map((model) => ({ ...model, origin: originOf(model.key, own, overrides) }));
  return { kind: 'good', models, isMissing: baseFile === null, own, overrides, entries, bytes, base };
}

const broken = (results: readonly YamlResult[]): CatalogReading => ({
  kind: 'broken',
  issues: results.flatMap((result) => (result.kind === 'broken' ? result.issues : [])),
});

function faultsOf(ofMeaning: readonly Issue[], base: YamlFile | null, over: YamlFile | null): readonly Issue[] {
  const shape = [...(base === null ? [] : shapeIssues(ModelsFile, base)), ...(over === null ? [] : shapeIssues(ModelOverridesFile, over))];
  const meaning = ofMeaning.map((issue) => placed(issue, base, over));
  // The check of the meaning words a fault better; the check of the shape finds what stands outside of the entries.
  return [...meaning, ...shape.filter(({ path }) => !meaning.some((issue) => issue.path === path))];
}

/** An issue of the merged catalog, put where its author wrote it: the overrides where they name the field, else the catalog. */
function placed(issue: Issue, base: YamlFile | null, over: YamlFile | null): Issue {
  const file = over?.has(issue.path) ? over : (base ?? over);
  return file === null ? issue : issueAt(file, issue.path, issue.code, issue.message);
}

function originOf(key: string, own: RawEntry, overrides: RawEntry): Model['origin'] {
  if (!Object.hasOwn(overrides, key)) return 'catalog';
  return Object.hasOwn(own, key) ? 'override' : 'custom';
}

const isMap = (value: unknown): value is RawEntry => typeof value === 'object' && value !== null && !Array.isArray(value);

function entriesOf(file: YamlFile | null): RawEntry {
  const models = isMap(file?.value) ? file.value['models'] : null;
  return isMap(models) ? models : {};
}
