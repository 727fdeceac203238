import { applyExtras, type Child, extrasOf, flatten } from './dom.ts';

/**
 * Makes the children of `parent` look like `children` while keeping the nodes that are there already, so that focus,
 * selection, scroll position and open `<details>` survive a redraw.
 */
export function morph(parent: Element, children: readonly Child[]): void {
  const wanted = asNodes(flatten(children));
  const keyed = keepKeyed(parent, new Set(wanted.map((node) => extrasOf(node).key)));
  let cursor: ChildNode | null = parent.firstChild;
  for (const next of wanted) {
    const old = candidate(cursor, next, keyed);
    if (old === null) {
      parent.insertBefore(next, cursor);
      continue;
    }
    if (old === cursor) cursor = cursor.nextSibling;
    else place(parent, old, cursor);
    if (old !== next) patch(old, next);
  }
  while (cursor !== null) {
    const rest: ChildNode = cursor;
    cursor = rest.nextSibling;
    rest.remove();
  }
}

/** Puts `old` before `cursor`. A node that is moved loses the focus: if it is in there, what stands in between is moved behind it. */
function place(parent: Element, old: ChildNode, cursor: ChildNode | null): void {
  const isAhead = cursor !== null && (cursor.compareDocumentPosition(old) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
  if (!isAhead || !old.contains(document.activeElement)) {
    parent.insertBefore(old, cursor);
    return;
  }
  const behind = old.nextSibling;
  for (let node: ChildNode | null = cursor; node !== null && node !== old; ) {
    const next: ChildNode | null = node.nextSibling;
    parent.insertBefore(node, behind);
    node = next;
  }
}

/** The children of `parent` by key. Those whose key is no longer wanted go at once, or they would stand in everybody's way. */
function keepKeyed(parent: Element, wanted: ReadonlySet<string | undefined>): Map<string, Node> {
  const keyed = new Map<string, Node>();
  for (const node of [...parent.childNodes]) {
    const { key } = extrasOf(node);
    if (key === undefined) continue;
    if (wanted.has(key)) keyed.set(key, node);
    else node.remove();
  }
  return keyed;
}

function asNodes(parts: readonly (Node | string)[]): Node[] {
  return parts.map((part) => (typeof part === 'string' ? document.createTextNode(part) : part));
}

/** The node that may become `next`: the one with its key, or the one at this place if that has no key of its own. */
function candidate(cursor: ChildNode | null, next: Node, keyed: Map<string, Node>): ChildNode | null {
  const { key } = extrasOf(next);
  const old = key === undefined ? cursor : (keyed.get(key) ?? null);
  if (old === null || (key === undefined && extrasOf(old).key !== undefined)) return null;
  if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName) return null;
  return old as ChildNode;
}

function patch(old: Node, next: Node): void {
  if (!(old instanceof Element) || !(next instanceof Element)) {
    if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
    return;
  }
  patchAttributes(old, next);
  applyExtras(old, extrasOf(next));
  // A custom element draws its own children; what the caller knows are its attributes and properties.
  if (!old.localName.includes('-')) morph(old, [...next.childNodes]);
}

/** What the reader changed and we never redraw: `open` belongs to the reader, `style` to the CSSOM (see `vars`). */
const KEPT = new Set(['open', 'style']);

function patchAttributes(old: Element, next: Element): void {
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name) && !KEPT.has(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) {
    if (!KEPT.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}
