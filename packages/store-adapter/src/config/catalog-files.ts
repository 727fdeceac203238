import { checkCatalog, type Issue, type Model } from '@spark-control/core';
import { ModelOverridesFile, ModelsFile } from '@spark-control/schema';
import { shapeIssues } from './file-shape.ts';
import { issueAt, readYaml, type YamlFile } from './yaml-file.ts';

export type CatalogFiles = Readonly<{ models: string; overrides: string }>;

/** `missing`: there is no models.yaml, so the catalog has only what the overrides add. */
export type CatalogReading = Readonly<
  { kind: 'good'; models: readonly Model[]; isMissing: boolean } | { kind: 'broken'; issues: readonly Issue[] }
>;

type Entries = Readonly<Record<string, unknown>>;

/** Reads the catalog and its overrides, checks shape and meaning of both together. Never throws. */
export function readCatalog(files: CatalogFiles): CatalogReading {
  const base = readYaml(files.models);
  const over = readYaml(files.overrides);
  const issues = [base, over].flatMap((result) => (result.kind === 'broken' ? result.issues : []));
  if (issues.length > 0) return { kind: 'broken', issues };
  const baseFile = base.kind === 'read' ? base.file : null;
  const overFile = over.kind === 'read' && over.file.value !== null ? over.file : null;
  return check(baseFile, overFile);
}

function check(base: YamlFile | null, over: YamlFile | null): CatalogReading {
  const shape = [...(base === null ? [] : shapeIssues(ModelsFile, base)), ...(over === null ? [] : shapeIssues(ModelOverridesFile, over))];
  const own = entriesOf(base);
  const overrides = entriesOf(over);
  const merged = mergeEntries(own, overrides);
  const result = checkCatalog(merged);
  const meaning = 'issues' in result ? result.issues.map((issue) => placed(issue, base, over)) : [];
  // The check of the meaning words a fault better; the check of the shape finds what stands outside of the entries.
  const rest = shape.filter(({ path }) => !meaning.some((issue) => issue.path === path));
  const issues = [...meaning, ...rest];
  if (issues.length > 0) return { kind: 'broken', issues };
  const models = 'models' in result ? result.models : [];
  return {
    kind: 'good',
    models: models.map((model) => ({ ...model, origin: originOf(model.key, own, overrides) })),
    isMissing: base === null,
  };
}

/** An issue of the merged catalog, put where its author wrote it: the overrides where they name the field, else the catalog. */
function placed(issue: Issue, base: YamlFile | null, over: YamlFile | null): Issue {
  const file = over?.has(issue.path) ? over : (base ?? over);
  return file === null ? issue : issueAt(file, issue.path, issue.code, issue.message);
}

function originOf(key: string, own: Entries, overrides: Entries): Model['origin'] {
  if (!Object.hasOwn(overrides, key)) return 'catalog';
  return Object.hasOwn(own, key) ? 'override' : 'custom';
}

const isMap = (value: unknown): value is Entries => typeof value === 'object' && value !== null && !Array.isArray(value);

function entriesOf(file: YamlFile | null): Entries {
  const models = isMap(file?.value) ? file.value['models'] : null;
  return isMap(models) ? models : {};
}

/** Overrides over the catalog. `null` takes an entry, a flag or a variable away. */
export function mergeEntries(own: Entries, overrides: Entries): Entries {
  const keys = [...new Set([...Object.keys(own), ...Object.keys(overrides)])];
  const merged = keys.flatMap((key): [string, unknown][] => {
    if (!Object.hasOwn(overrides, key)) return [[key, own[key]]];
    const over = overrides[key];
    return over === null ? [] : [[key, mergeEntry(own[key], over)]];
  });
  return Object.fromEntries(merged);
}

function mergeEntry(own: unknown, over: unknown): unknown {
  if (!isMap(own) || !isMap(over)) return over;
  const fields = Object.keys(over).map((field): [string, unknown] => {
    const isNested = field === 'flags' || field === 'env';
    return [field, isNested ? mergeMap(own[field], over[field]) : over[field]];
  });
  const merged = { ...own, ...Object.fromEntries(fields) };
  // A model has one source: an override that names the other kind replaces both.
  if (over['local_path'] !== undefined && over['repo'] === undefined) return without(merged, ['repo', 'revision']);
  return over['repo'] !== undefined && over['local_path'] === undefined ? without(merged, ['local_path']) : merged;
}

function mergeMap(own: unknown, over: unknown): unknown {
  if (!isMap(own) || !isMap(over)) return over;
  return Object.fromEntries(Object.entries({ ...own, ...over }).filter(([, value]) => value !== null));
}

const without = (map: Entries, fields: readonly string[]): Entries =>
  Object.fromEntries(Object.entries(map).filter(([field]) => !fields.includes(field)));
