import { ACTION_EVENT, type Action } from '../../src/actions.ts';
import type { ScApp } from '../../src/elements/app.ts';
import type { ManageModule } from '../../src/manage/contract.ts';
import type { AppState } from '../../src/state.ts';
import type { Request } from '../../src/transport.ts';
import { ApiError } from '../../src/transport.ts';
import type { Problem } from '../../src/wire.ts';
import { rig, settle } from './controller-rig.ts';
import { useDom } from './dom.ts';
import { aStatus } from './wire-builders.ts';

export type Asked = Readonly<{ call: string; request: Request }>;
type OpenedStream = { url: string; tell: (type: string, data: unknown) => void; isOpen: boolean };

/** A page in a window of its own with the screens for managing, before a server that answers from a list by method and path. */
export function useManagedPage() {
  let module: ManageModule;
  let app: ScApp;
  let perform: (action: Action) => void = () => undefined;
  const listen = (event: Event): void => perform((event as CustomEvent<Action>).detail);

  useDom(async () => {
    const { defineElements } = await import('../../src/elements/define.ts');
    defineElements(customElements);
    module = (await import('../../src/manage/index.ts')).manage;
    module.define(customElements);
  });
  beforeEach(() => {
    app = document.createElement('sc-app') as ScApp;
    document.body.append(app);
    document.addEventListener(ACTION_EVENT, listen);
  });
  afterEach(() => {
    app.remove();
    document.removeEventListener(ACTION_EVENT, listen);
  });

  /** An answer that is a {@link Refusal} is thrown. `module: null`: the file of the screens cannot be had. */
  return function page(answers: Readonly<Record<string, unknown>>, change: Partial<AppState> = {}, isThere = true) {
    const asked: Asked[] = [];
    const opened: OpenedStream[] = [];
    const parts = rig({}, { status: aStatus(), ...change }, isThere ? module : null, {
      call: async (path, request = {}) => {
        const call = `${request.method ?? 'GET'} ${path}`;
        asked.push({ call, request });
        const answer = answers[call];
        if (answer instanceof Refusal) throw new ApiError(answer.problem);
        if (answer === undefined) throw new Error(`unexpected ${call}`);
        return answer as never;
      },
      openStream: (url, tell) => {
        const one = { url, tell, isOpen: true };
        opened.push(one);
        return () => {
          one.isOpen = false;
        };
      },
    });
    perform = (action) => parts.controller.perform(action);
    /** Draws what is known by now; the text of the screen. */
    const draw = (): string => {
      app.view = parts.store.get();
      return app.querySelector('main')?.textContent ?? '';
    };
    /** Shows a path, and what came of it. */
    const show = async (route: AppState['route']): Promise<string> => {
      parts.controller.navigate(route, true);
      await settle();
      return draw();
    };
    const click = async (label: string): Promise<string> => {
      draw();
      const found = [...app.querySelectorAll<HTMLElement>('button')].find(
        (node) => node.textContent?.trim() === label || node.getAttribute('aria-label') === label,
      );
      if (found === undefined)
        throw new Error(
          `nothing is called ${label}; there are ${[...app.querySelectorAll('button')].map((node) => node.textContent).join(', ')}`,
        );
      found.click();
      await settle();
      return draw();
    };
    const type = (selector: string, text: string): void => {
      const field = app.querySelector<HTMLInputElement>(selector);
      if (field === null) throw new Error(`no ${selector}`);
      field.value = text;
      field.dispatchEvent(new Event('input', { bubbles: true }));
    };
    /** Submits the form of a part of the screen, by its name. */
    const submit = async (part: string): Promise<string> => {
      app.querySelector(`[aria-label="${part}"] form`)?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
      await settle();
      return draw();
    };
    const dialog = (): string => {
      draw();
      return app.querySelector('dialog')?.textContent ?? '(no dialog)';
    };
    const bodyOf = (call: string): unknown => asked.find((one) => one.call === call)?.request.body;
    return { ...parts, app, asked, opened, draw, show, click, submit, type, dialog, bodyOf };
  };
}

/** What a server refuses. */
export class Refusal {
  readonly problem: Problem;

  constructor(code: string, detail: string, more: Partial<Problem> = {}) {
    this.problem = { title: code, status: 409, detail, code, remedy: '', request_id: 'req_1', ...more };
  }
}
