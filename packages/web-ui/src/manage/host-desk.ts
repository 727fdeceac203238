import type { HostTest, Operation, UpdatePlan } from '../wire.ts';
import type { ManageDesk, ManageParts } from './contract.ts';
import type { ManageStore } from './fetcher.ts';
import { post, workHeaders } from './own-lock.ts';
import { hostPath } from './paths.ts';
import type { HostAction, ManageAction } from './state.ts';

/** What can be done about one host: test the way to it, trust its key, update it, reboot it. */
export class HostDesk implements ManageDesk {
  readonly #parts: ManageParts;
  readonly #state: ManageStore;

  constructor(parts: ManageParts, state: ManageStore) {
    this.#parts = parts;
    this.#state = state;
  }

  /** Hosts come with the status; a test or a plan is made when somebody asks for it. */
  async load(): Promise<void> {}

  async more(): Promise<void> {}

  onEvent(): void {}

  perform(action: ManageAction): void {
    switch (action.kind) {
      case 'test_host':
        void this.#test(action.host);
        return;
      case 'trust_host':
        this.#trust(action);
        return;
      case 'plan_update':
        void this.#plan(action.host);
        return;
      case 'update_host':
        this.#begin(action.host, 'updates', action.body);
        return;
      case 'reboot_host':
        this.#begin(action.host, 'reboot', { confirm: action.host });
        return;
      default:
        return;
    }
  }

  #test(host: string): Promise<void> {
    return this.#state.fetch('hostTest', host, () => this.#parts.call<HostTest>(`${hostPath(host)}/test`, post({})));
  }

  #plan(host: string): Promise<void> {
    return this.#state.fetch('updates', host, () => this.#parts.call<UpdatePlan>(`${hostPath(host)}/updates`));
  }

  #trust({ host, fingerprint }: Extract<HostAction, { kind: 'trust_host' }>): void {
    const { asker, call } = this.#parts;
    void asker.fromDialog(
      () => call(`${hostPath(host)}/trust`, post({ fingerprint })),
      () => {
        asker.toast('ok', `The key of ${host} is trusted from now on.`);
        void this.#test(host);
      },
    );
  }

  #begin(host: string, what: 'updates' | 'reboot', body: object): void {
    const { asker, call, follow, store } = this.#parts;
    const cluster = store.get().status?.hosts.find(({ key }) => key === host)?.cluster;
    void asker.fromDialog(
      () => call<Operation>(`${hostPath(host)}/${what}`, { ...post(body), headers: workHeaders(this.#parts, cluster) }),
      ({ id }) => follow({ screen: 'operation', id }),
    );
  }
}
