import type { Cluster, Issue, SettingChange } from '@spark-control/core';
import { Document, isMap, isScalar, isSeq, parseDocument, Scalar } from 'yaml';
import { settingSchema } from './setting-schema.ts';
import { stepsOf } from './yaml-file.ts';

const HEADER = ` Hosts, clusters and settings of Spark Control, written by itself. Comments that you add are kept.
 What may stand here: config/spark.example.yaml and config/spark.schema.json of Spark Control.`;

/** The text of spark.yaml with changes in it: comments and order as they were. `text`: `null` when there is no file yet. `null` as a value takes it away. */
export function editedSettings(text: string | null, changes: readonly SettingChange[], clusters: readonly Cluster[]): string {
  const document = text === null ? newDocument() : parseDocument(text, { merge: true });
  for (const { path, value } of changes) {
    const steps = stepsOf(path);
    if (value === null) {
      removeAt(document, steps);
      continue;
    }
    nameMembers(document, steps, clusters);
    setAt(document, steps, value);
  }
  return document.toString({ lineWidth: 0 });
}

/** What of the changes cannot stand in the file at all. */
export function changeIssues(changes: readonly SettingChange[]): readonly Issue[] {
  return changes.flatMap(({ path }) => {
    if (settingSchema(path) !== null && path !== '') return [];
    return [{ path, code: 'unknown_field', message: `spark.yaml has no place ${path}. GET /api/settings lists what there is.` }];
  });
}

function newDocument(): Document {
  const document = new Document({});
  document.commentBefore = HEADER;
  return document;
}

/** A cluster that only goes without saying has to be named, with its hosts, before a field of it can be. */
function nameMembers(document: Document, [section, key, field]: readonly string[], clusters: readonly Cluster[]): void {
  if (section !== 'clusters' || key === undefined || field === undefined || document.getIn([section]) != null) return;
  for (const cluster of clusters) {
    const hosts = document.createNode(cluster.hosts.map((host) => String(host.key)));
    hosts.flow = true;
    setAt(document, [section, cluster.key, 'hosts'], hosts);
  }
}

/** Where a section is there with nothing behind it (`server:`), a map takes its place. */
function setAt(document: Document, steps: readonly string[], value: unknown): void {
  for (let depth = 1; depth < steps.length; depth += 1) {
    const above = steps.slice(0, depth);
    const node = document.getIn(above, true);
    if (isMap(node) || isSeq(node)) continue;
    document.setIn(above, document.createNode({}));
    if (depth === 1 && node === undefined) setApart(document, above[0]);
  }
  const old = document.getIn(steps, true);
  // The old node is kept for the comment at its end.
  if (isScalar(old) && (typeof value !== 'object' || value === null)) old.value = value;
  else document.setIn(steps, document.createNode(value));
}

/** A new section stands below an empty line, as those that people write do. */
function setApart({ contents }: Document, section: string | undefined): void {
  const last = isMap(contents) && contents.items.length > 1 ? contents.items.at(-1) : undefined;
  if (last === undefined) return;
  const key = new Scalar(section);
  key.spaceBefore = true;
  last.key = key;
}

/** Takes a value away, and the sections around it that it leaves empty. */
function removeAt(document: Document, steps: readonly string[]): void {
  if (document.getIn(steps, true) === undefined) return;
  document.deleteIn(steps);
  for (let depth = steps.length - 1; depth > 0; depth -= 1) {
    const node = document.getIn(steps.slice(0, depth), true);
    if (!isMap(node) || node.items.length > 0) return;
    document.deleteIn(steps.slice(0, depth));
  }
}
