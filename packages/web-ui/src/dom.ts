/** What may stand as a child: `null` and `false` leave nothing behind, so that `condition && h(...)` reads well. */
export type Child = Node | string | number | null | undefined | false | readonly Child[];

type Handler = (event: Event) => void;

/**
 * `class`, `id`, `aria-*`, `data-*`, ...: attributes (`true` is the bare attribute; `false` and `null` leave it out).
 * `on`: listeners by event name. `prop`: properties, for custom elements and form fields. `vars`: CSS custom properties;
 * they go through the CSSOM, because our Content-Security-Policy refuses style attributes. `key`: identity among siblings.
 */
export type Props = Readonly<{
  on?: Readonly<Record<string, Handler>>;
  prop?: Readonly<Record<string, unknown>>;
  vars?: Readonly<Record<string, string>>;
  key?: string;
  [attribute: string]: unknown;
}>;

/** What `h` set on an element beside attributes, so that `morph` can carry it over to a node that stays. */
export type Extras = Pick<Props, 'on' | 'prop' | 'vars' | 'key'>;

const extras = new WeakMap<Element, Extras>();
const listened = new WeakMap<Element, Set<string>>();

export const extrasOf = (node: Node): Extras => extras.get(node as Element) ?? {};

/** Makes an element. Text is always set as text: nothing here parses markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props?: Props | null,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K];
export function h(tag: string, props?: Props | null, ...children: readonly Child[]): HTMLElement;
export function h(tag: string, props: Props | null = null, ...children: readonly Child[]): HTMLElement {
  const node = document.createElement(tag);
  const { on, prop, vars, key, ...attributes } = props ?? {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? '' : String(value));
  }
  applyExtras(node, { ...(on && { on }), ...(prop && { prop }), ...(vars && { vars }), ...(key !== undefined && { key }) });
  node.append(...flatten(children));
  return node;
}

/** Sets listeners, properties and CSS variables on `node`, replacing those an earlier call set. */
export function applyExtras(node: Element, next: Extras): void {
  const before = extras.get(node);
  extras.set(node, next);
  for (const type of Object.keys(next.on ?? {})) listenOnce(node, type);
  for (const [name, value] of Object.entries(next.prop ?? {})) Reflect.set(node, name, value);
  if (!(node instanceof HTMLElement)) return;
  for (const name of Object.keys(before?.vars ?? {})) if (next.vars?.[name] === undefined) node.style.removeProperty(name);
  for (const [name, value] of Object.entries(next.vars ?? {})) node.style.setProperty(name, value);
}

/** One real listener for each type; which function it calls is looked up when the event comes, so it never goes stale. */
function listenOnce(node: Element, type: string): void {
  const types = listened.get(node) ?? new Set();
  listened.set(node, types);
  if (types.has(type)) return;
  types.add(type);
  node.addEventListener(type, (event) => extras.get(node)?.on?.[type]?.(event));
}

export function flatten(children: readonly Child[]): (Node | string)[] {
  const out: (Node | string)[] = [];
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (typeof child === 'string' || typeof child === 'number') out.push(String(child));
    else if (child instanceof Node) out.push(child);
    else out.push(...flatten(child));
  }
  return out;
}
