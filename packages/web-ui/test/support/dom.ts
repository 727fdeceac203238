import type { Window } from 'happy-dom';

const GLOBALS = [
  'window',
  'document',
  'HTMLElement',
  'HTMLInputElement',
  'HTMLSelectElement',
  'HTMLTextAreaElement',
  'HTMLFormElement',
  'Element',
  'Node',
  'Event',
  'CustomEvent',
  'KeyboardEvent',
  'customElements',
  'localStorage',
  'location',
] as const;

/**
 * Gives the tests of the surrounding `describe` a browser's globals and takes them back afterwards: other suites run in
 * the same process and need Node's own `Event`. Modules that extend HTMLElement must be imported in `ready`, not on top.
 */
export function useDom(ready: () => Promise<void> = async () => {}): void {
  const originals = new Map<string, PropertyDescriptor | undefined>();
  let window: Window | null = null;

  before(async () => {
    const happyDom = await import('happy-dom');
    window = new happyDom.Window({ url: 'http://spark.local:9999/' });
    for (const name of GLOBALS) {
      originals.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
      const value: unknown = name === 'window' ? window : Reflect.get(window, name);
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
    await ready();
  });

  after(async () => {
    await window?.happyDOM.abort();
    for (const [name, descriptor] of originals) {
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, descriptor);
    }
  });
}
