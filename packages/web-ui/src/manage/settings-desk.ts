import type { Settings } from '../wire.ts';
import type { ManageDesk, ManageParts } from './contract.ts';
import type { ManageStore } from './fetcher.ts';
import type { ManageAction } from './state.ts';

/** What Spark Control is set to, and where each value comes from. */
export class SettingsDesk implements ManageDesk {
  readonly #parts: ManageParts;
  readonly #state: ManageStore;

  constructor(parts: ManageParts, state: ManageStore) {
    this.#parts = parts;
    this.#state = state;
  }

  async load(isWanted: boolean): Promise<void> {
    if (this.#parts.store.get().route.screen === 'settings' && isWanted) await this.#read();
  }

  async more(): Promise<void> {}

  onEvent(): void {}

  perform(action: ManageAction): void {
    if (action.kind !== 'change_setting') return;
    const { asker, call } = this.#parts;
    const body = { changes: [{ path: action.path, value: action.value }] };
    void asker.fromDialog(
      () => call<Settings>('/api/settings', { method: 'PATCH', body }),
      (settings) => {
        this.#state.take('settings', 'all', settings);
        asker.toast('ok', 'Saved. It takes effect when Spark Control starts again.');
      },
    );
  }

  #read(): Promise<void> {
    return this.#state.fetch('settings', 'all', () => this.#parts.call<Settings>('/api/settings'));
  }
}
