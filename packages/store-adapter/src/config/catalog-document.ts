import { canonicalJson, type Override } from '@spark-control/core';
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

const HEADER = ` Changes of the catalog, over models.yaml. Written by Spark Control; edit it by hand if you like, comments and order stay.`;

/**
 * The text of an overrides file in which one entry says something else: `undefined` takes it out, `null` hides the model. Every
 * other entry, all comments outside of what goes away, and the order stay. `text` is YAML without a fault, `null` where there is none.
 */
export function editedOverrides(text: string | null, key: string, override: Override): string {
  const document = parseDocument(text ?? '', { merge: true });
  if (text === null) document.commentBefore = HEADER;
  const models = modelsOf(document);
  const pair = findPair(models, key);
  if (pair !== undefined) freeFromAliases(document, pair);
  if (override === undefined) removePair(document, models, key);
  else if (override === null || pair === undefined) setPair(document, models, key, override);
  else reconcile(document, models, pair, override, 0);
  return inStyleOf(text ?? '', document.toString({ lineWidth: 0 }));
}

function modelsOf(document: Document): YAMLMap {
  if (!isMap(document.contents)) document.contents = document.createNode({}) as unknown as Node;
  const root = document.contents as unknown as YAMLMap;
  const pair = findPair(root, 'models');
  const models = isAlias(pair?.value) ? pair.value.resolve(document)?.clone() : pair?.value;
  if (isMap(models)) {
    if (pair !== undefined) pair.value = models;
    if (models.items.length === 0) models.flow = false;
    return models;
  }
  const fresh = document.createNode({}) as YAMLMap;
  setPair(document, root, 'models', fresh);
  return fresh;
}

const keyOf = ({ key }: Pair): string => String(isScalar(key) ? key.value : key);
const findPair = (map: YAMLMap, key: string): Pair | undefined => map.items.find((pair) => keyOf(pair) === key);
const plain = (document: Document, node: unknown): unknown => (isNode(node) ? node.toJS(document) : node);

/** Puts a value behind a key; what was said about the old one stays beside it. */
function setPair(document: Document, map: YAMLMap, key: string, value: unknown): void {
  const node = isNode(value) ? value : freshNode(document, value);
  const pair = findPair(map, key);
  if (pair === undefined) {
    map.items.push(document.createPair(key, node));
    return;
  }
  if (isNode(pair.value)) keepComments(pair, pair.value, node);
  pair.value = node;
}

function keepComments(pair: Pair, old: Node, node: Node): void {
  node.spaceBefore = old.spaceBefore ?? false;
  if (isScalar(old) && isScalar(node)) {
    node.comment = old.comment ?? null;
    node.commentBefore = old.commentBefore ?? null;
  } else if (!isScalar(node)) node.commentBefore = joined(old.commentBefore, isScalar(old) ? old.comment : null);
  // A word has no room for what stood above the first line of a map.
  else if (isNode(pair.key)) pair.key.commentBefore = joined(pair.key.commentBefore, old.commentBefore);
}

/** Maps of an entry stand below each other; what is JSON to vLLM, and lists, stand in one line. */
function freshNode(document: Document, value: unknown): Node {
  const node = document.createNode(value);
  const inOneLine = (inner: unknown): void => {
    if (isMap(inner) || isSeq(inner)) inner.flow = true;
  };
  if (isMap(node)) {
    for (const { value: field } of node.items) {
      if (isSeq(field)) inOneLine(field);
      else if (isMap(field)) for (const { value: item } of field.items) inOneLine(item);
    }
  } else inOneLine(node);
  return node as Node;
}

/** Makes what stands behind a key equal to `wanted`, touching nothing that is so already. */
function reconcile(document: Document, around: YAMLMap, pair: Pair, wanted: unknown, depth: number): void {
  if (canonicalJson(plain(document, pair.value)) === canonicalJson(wanted)) return;
  if (isAlias(pair.value)) pair.value = unanchored(pair.value.resolve(document)?.clone());
  const { value: node } = pair;
  if (isMap(node) && isPlainMap(wanted)) reconcileMap(document, node, wanted, depth);
  else if (isSeq(node) && Array.isArray(wanted)) reconcileList(document, node, wanted);
  else setPair(document, around, keyOf(pair), wanted);
}

function reconcileMap(document: Document, map: YAMLMap, wanted: Readonly<Record<string, unknown>>, depth: number): void {
  spellOutMerges(document, map);
  for (const pair of [...map.items]) if (!Object.hasOwn(wanted, keyOf(pair))) removePair(document, map, keyOf(pair));
  for (const [key, value] of Object.entries(wanted)) {
    const pair = findPair(map, key);
    if (pair === undefined) setPair(document, map, key, value);
    else reconcile(document, map, pair, value, depth + 1);
  }
}

/** Items that stay keep their node, and with it their comment. */
function reconcileList(document: Document, list: YAMLSeq, wanted: readonly unknown[]): void {
  const left = [...list.items];
  list.items = wanted.map((item) => {
    const at = left.findIndex((node) => canonicalJson(plain(document, node)) === canonicalJson(item));
    return at === -1 ? document.createNode(item) : left.splice(at, 1)[0];
  });
}

/** `<<: *defaults` brings names in that cannot be taken out one by one: each gets a line of its own. */
function spellOutMerges(document: Document, map: YAMLMap): void {
  if (!map.items.some((pair) => keyOf(pair) === '<<')) return;
  const all = map.toJS(document) as Readonly<Record<string, unknown>>;
  map.items = map.items.filter((pair) => keyOf(pair) !== '<<');
  for (const [key, value] of Object.entries(all)) if (findPair(map, key) === undefined) setPair(document, map, key, value);
}

/** Takes a pair out. The comment above it stays: it may well speak of more than this one. */
function removePair(document: Document, map: YAMLMap, key: string): void {
  const at = map.items.findIndex((pair) => keyOf(pair) === key);
  const [pair] = at === -1 ? [] : map.items.splice(at, 1);
  const comment = isNode(pair?.key) ? pair.key.commentBefore : null;
  if (comment == null) return;
  const next = map.items[at]?.key;
  if (isNode(next)) next.commentBefore = joined(comment, next.commentBefore);
  else if (map.items.length > 0) map.comment = joined(map.comment, comment);
  else document.comment = joined(document.comment, comment);
}

function joined(...comments: readonly (string | null | undefined)[]): string | null {
  const there = comments.filter((comment) => comment != null);
  return there.length === 0 ? null : there.join('\n');
}

/** Other entries that lead into this one with `*name` get a copy of what it says now: they are not what is changed. */
function freeFromAliases(document: Document, pair: Pair): void {
  const own = new Set<unknown>();
  visit(pair as unknown as Node, { Node: (_key, node) => void own.add(node) });
  if (![...own].some((node) => isNode(node) && 'anchor' in node && node.anchor !== undefined)) return;
  visit(document, {
    Alias(_key, alias) {
      const source = own.has(alias) ? undefined : alias.resolve(document);
      return source !== undefined && own.has(source) ? unanchored(source.clone()) : undefined;
    },
  });
}

function unanchored(node: unknown): Node {
  const drop = (inner: unknown): void => {
    if (isNode(inner) && 'anchor' in inner) delete (inner as { anchor?: string }).anchor;
  };
  visit(node as Node, { Node: (_key, inner) => drop(inner) });
  return node as Node;
}

const isPlainMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isPair(value);

/** Line ends and byte order mark as they were. */
function inStyleOf(before: string, text: string): string {
  const lines = before.includes('\r\n') ? text.replaceAll('\n', '\r\n') : text;
  return before.startsWith('\ufeff') && !lines.startsWith('\ufeff') ? `\ufeff${lines}` : lines;
}
