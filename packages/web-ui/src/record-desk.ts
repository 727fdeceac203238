import type { RecordAction } from './actions.ts';
import type { Api } from './api.ts';
import type { Asker } from './asker.ts';
import type { AppState } from './state.ts';
import type { Store } from './store.ts';
import { tryWords } from './view-models/webhook.ts';
import type { WebhookWithSecret } from './wire.ts';

/** What the desk needs from the rest of the controller. */
export type RecordSurroundings = Readonly<{
  randomKey(): string;
  reload(): void;
  goTo(screen: 'automations' | 'webhooks'): void;
}>;

/** Makes, changes and removes automations and webhooks. After each answer the list on screen is fetched again. */
export class RecordDesk {
  readonly #store: Store<AppState>;
  readonly #api: Api;
  readonly #asker: Asker;
  readonly #around: RecordSurroundings;

  constructor(store: Store<AppState>, api: Api, asker: Asker, around: RecordSurroundings) {
    this.#store = store;
    this.#api = api;
    this.#asker = asker;
    this.#around = around;
  }

  perform(action: RecordAction): Promise<void> {
    const key = this.#around.randomKey();
    switch (action.kind) {
      case 'save_automation': {
        const { id, body } = action;
        const ask = () => (id === null ? this.#api.createAutomation(body, key) : this.#api.changeAutomation(id, body));
        return this.#asker.fromDialog(ask, ({ name }) => this.#done(`${name} saved`));
      }
      case 'enable_automation': {
        const { id, on } = action;
        const ask = () => this.#api.changeAutomation(id, { enabled: on });
        return this.#asker.fromPage(`enable/${id}`, ask, ({ name }) => this.#done(`${name} switched ${on ? 'on' : 'off'}`));
      }
      case 'run_automation':
        return this.#asker.fromPage(
          `run/${action.id}`,
          () => this.#api.runAutomation(action.id, key),
          () => this.#done('The run has begun'),
        );
      case 'remove_automation':
        return this.#asker.fromDialog(
          () => this.#api.removeAutomation(action.id),
          () => this.#gone('automations', 'Automation removed'),
        );
      case 'save_webhook': {
        const { id, body } = action;
        if (id === null) return this.#asker.fromDialog(() => this.#api.createWebhook(body, key), this.#showSecret);
        return this.#asker.fromDialog(
          () => this.#api.changeWebhook(id, body),
          () => this.#done('Webhook saved'),
        );
      }
      case 'enable_webhook': {
        const { id, on } = action;
        const ask = () => this.#api.changeWebhook(id, { enabled: on });
        return this.#asker.fromPage(`enable/${id}`, ask, () => this.#done(`Webhook switched ${on ? 'on' : 'off'}`));
      }
      case 'test_webhook':
        return this.#asker.fromPage(
          `test/${action.id}`,
          () => this.#api.testWebhook(action.id, key),
          (delivery) => this.#done(`Test ${tryWords(delivery)}`, delivery.state === 'delivered'),
        );
      case 'rotate_secret':
        return this.#asker.fromDialog(() => this.#api.rotateSecret(action.id, key), this.#showSecret);
      case 'remove_webhook':
        return this.#asker.fromDialog(
          () => this.#api.removeWebhook(action.id),
          () => this.#gone('webhooks', 'Webhook removed'),
        );
      case 'redeliver':
        return this.#asker.fromPage(
          `redeliver/${action.delivery}`,
          () => this.#api.redeliver(action.delivery, key),
          () => this.#done('Sent again'),
        );
      default:
        return action satisfies never;
    }
  }

  readonly #showSecret = ({ url, secret }: WebhookWithSecret): void => {
    this.#store.set({ dialog: { kind: 'secret', url, secret } });
    this.#around.reload();
  };

  #done(words: string, isWell = true): void {
    this.#asker.toast(isWell ? 'ok' : 'bad', words);
    this.#around.reload();
  }

  /** From the screen of what is gone back to the list. */
  #gone(screen: 'automations' | 'webhooks', words: string): void {
    this.#asker.toast('ok', words);
    this.#around.goTo(screen);
  }
}
