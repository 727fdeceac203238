import { readFileSync } from 'node:fs';
import type { Issue } from '@spark-control/core';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

/** No sensible file is larger; a wrong path to something huge should not fill the memory. */
const LARGEST_BYTES = 8 * 2 ** 20;

/** A YAML file as plain values, and the way back from a value to its line. */
export type YamlFile = Readonly<{
  path: string;
  value: unknown;
  /** Line, from 1, of the entry that a JSON pointer names, or of the nearest one around it. */
  lineOf: (pointer: string) => number | undefined;
  /** Whether the file itself has the entry that a JSON pointer names. */
  has: (pointer: string) => boolean;
}>;

export type YamlResult = Readonly<{ kind: 'read'; file: YamlFile } | { kind: 'missing' } | { kind: 'broken'; issues: readonly Issue[] }>;

/** Reads one file. Never throws: what is wrong with it comes back as issues with a line. */
export function readYaml(path: string): YamlResult {
  const content = readContent(path);
  return content.kind === 'content' ? parseYaml(path, content.bytes.toString('utf8')) : content;
}

export type FileContent = Readonly<{ kind: 'content'; bytes: Buffer }> | Exclude<YamlResult, { kind: 'read' }>;

/** The bytes of a file, for who has to know later whether it is still the same. Never throws. */
export function readContent(path: string): FileContent {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    const why = code === 'EISDIR' ? 'it is a folder' : code === 'EACCES' ? 'this user may not read it' : 'the system refuses to read it';
    return broken(path, `This file cannot be read: ${why}.`);
  }
  if (bytes.length > LARGEST_BYTES) return broken(path, `This file is larger than ${LARGEST_BYTES / 2 ** 20} MiB.`);
  return { kind: 'content', bytes };
}

/** Parses the content of a file. `path` only names it. */
export function parseYaml(path: string, content: string): YamlResult {
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, merge: true, prettyErrors: false, uniqueKeys: true });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const issues = faults.map(({ message, pos }) => ({
      path: `${path}#`,
      code: 'bad_yaml',
      message: `This is not valid YAML: ${message.split('\n')[0]}.`.replace(/[.:]+\.$/, '.'),
      line: lines.linePos(pos[0]).line,
    }));
    return { kind: 'broken', issues };
  }
  try {
    const value: unknown = document.toJS();
    const find = (pointer: string) => locate(document, stepsOf(pointer));
    const lineOf = (pointer: string): number | undefined => {
      const { offset } = find(pointer);
      return offset === undefined ? undefined : lines.linePos(offset).line;
    };
    return { kind: 'read', file: { path, value, lineOf, has: (pointer) => find(pointer).isComplete } };
  } catch {
    return broken(path, 'This file has aliases (`*name`) to nothing, or so many that they multiply without end.');
  }
}

/** An issue at a JSON pointer of a file. */
export function issueAt(file: YamlFile, pointer: string, code: string, message: string): Issue {
  const line = file.lineOf(pointer);
  return { path: `${file.path}#${pointer}`, code, message, ...(line === undefined ? {} : { line }) };
}

const broken = (path: string, message: string): Extract<YamlResult, { kind: 'broken' }> => ({
  kind: 'broken',
  issues: [{ path: `${path}#`, code: 'bad_file', message }],
});

/** The value at a JSON pointer; `undefined`: there is none. */
export function valueAt(value: unknown, pointer: string): unknown {
  let at = value;
  for (const step of stepsOf(pointer)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[step];
  }
  return at;
}

/** The parts of a JSON pointer. */
export const stepsOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

/** Walks down as far as the file goes; the offset is that of the last key or item passed. */
function locate(document: Document, steps: readonly string[]): Readonly<{ offset: number | undefined; isComplete: boolean }> {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const step of steps) {
    if (isAlias(node)) node = node.resolve(document);
    const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && String(key.value) === step) : undefined;
    const item = isSeq(node) ? node.items[Number(step)] : undefined;
    if (pair === undefined && item === undefined) return { offset, isComplete: false };
    const marker = pair === undefined ? item : pair.key;
    offset = (marker as { range?: readonly number[] }).range?.[0] ?? offset;
    node = pair === undefined ? item : pair.value;
  }
  return { offset, isComplete: true };
}
