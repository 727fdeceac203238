import type { AppState, Toast } from './state.ts';
import type { Store } from './store.ts';
import { problemFrom } from './transport.ts';

const TOAST_CAP = 3;

/** Requests on behalf of the reader: from the open dialog, which shows a refusal, or from a button, whose refusal becomes a toast. */
export class Asker {
  readonly #store: Store<AppState>;
  #toastId = 0;

  constructor(store: Store<AppState>) {
    this.#store = store;
  }

  /** One at a time: a double click asks once. The dialog closes when the answer has come, before `done` is told. */
  async fromDialog<T>(ask: () => Promise<T>, done: (answer: T) => void): Promise<void> {
    const { request, dialog } = this.#store.get();
    if (request.busy) return;
    this.#store.set({ request: { busy: true, problem: null } });
    try {
      const answer = await ask();
      if (this.#store.get().dialog === dialog) this.closeDialog();
      done(answer);
    } catch (error) {
      // The reader may have closed it meanwhile and opened another one, whose business this is not.
      if (this.#store.get().dialog === dialog) this.#store.set({ request: { busy: false, problem: problemFrom(error) } });
      else this.toast('bad', problemFrom(error).detail);
    }
  }

  /** `name`: of the button, which stays busy until the answer has come. */
  async fromPage<T>(name: string, ask: () => Promise<T>, done: (answer: T) => void): Promise<void> {
    if (this.#store.get().busy.includes(name)) return;
    this.#store.update(({ busy }) => ({ busy: [...busy, name] }));
    try {
      done(await ask());
    } catch (error) {
      const { code, detail, title } = problemFrom(error);
      this.toast('bad', `${code}: ${detail === '' ? title : detail}`);
    } finally {
      this.#store.update(({ busy }) => ({ busy: busy.filter((one) => one !== name) }));
    }
  }

  closeDialog(): void {
    this.#store.set({ dialog: null, request: { busy: false, problem: null } });
  }

  toast(tone: Toast['tone'], text: string): void {
    this.#toastId += 1;
    const toast = { id: this.#toastId, tone, text, problem: null };
    this.#store.update(({ toasts }) => ({ toasts: [...toasts, toast].slice(-TOAST_CAP) }));
  }
}
