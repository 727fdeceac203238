import type {
  DeepHealthReport,
  EndpointList,
  NimImage,
  NimInstall,
  Operation,
  PatchPlan,
  ServiceDetail,
  ServiceList,
  ServiceLogs,
} from '../wire.ts';
import type { ManageDesk, ManageParts } from './contract.ts';
import type { ManageStore } from './fetcher.ts';
import { post, workHeaders } from './own-lock.ts';
import { servicePath } from './paths.ts';
import type { ManageAction, PatchWork, ServiceAction } from './state.ts';

/** Services beside the model servers: how they are, their logs, and what can be done about them. */
export class ServiceDesk implements ManageDesk {
  readonly #parts: ManageParts;
  readonly #state: ManageStore;

  constructor(parts: ManageParts, state: ManageStore) {
    this.#parts = parts;
    this.#state = state;
  }

  async load(): Promise<void> {
    const { route } = this.#parts.store.get();
    const { call } = this.#parts;
    if (route.screen === 'services') {
      await Promise.all([
        this.#state.fetch('services', 'all', async () => (await call<ServiceList>('/api/services')).items),
        this.#state.fetch('endpoints', 'all', async () => (await call<EndpointList>('/api/endpoints')).items),
      ]);
    }
    if (route.screen === 'service') await this.#detail(route.id);
  }

  async more(): Promise<void> {}

  /** Work on the service on screen has ended: its container is another one now. */
  onEvent(type: string, data: unknown): void {
    const { route } = this.#parts.store.get();
    if (type !== 'operation' || route.screen !== 'service') return;
    const { subject, settled } = data as Operation;
    if (settled && subject === route.id) void this.#detail(subject);
  }

  perform(action: ManageAction): void {
    const { call } = this.#parts;
    switch (action.kind) {
      case 'check_services':
        void this.#state.fetch('deep', 'all', () => call<DeepHealthReport>('/api/health/deep'));
        return;
      case 'read_logs':
        void this.#state.fetch('serviceLogs', action.service, () => call<ServiceLogs>(`${servicePath(action.service)}/logs?lines=500`));
        return;
      case 'restart_service':
        this.#begin(`${servicePath(action.service)}/restart`, action.reason === '' ? {} : { reason: action.reason }, this.#lock());
        return;
      case 'limit_memory':
        this.#limit(action);
        return;
      case 'plan_patches':
        void this.#plan(action.service, action.what);
        return;
      case 'patch_service':
        this.#begin(`${servicePath(action.service)}/${patchPath(action.what)}`, { confirm: action.confirm }, this.#lock());
        return;
      case 'known_nims':
        void this.#state.fetch('nimImages', 'all', async () => (await call<{ items: readonly NimImage[] }>('/api/nim/images')).items);
        return;
      case 'install_nim':
        this.#install(action.body);
        return;
      default:
        return;
    }
  }

  #detail(service: string): Promise<void> {
    return this.#state.fetch('service', service, () => this.#parts.call<ServiceDetail>(servicePath(service)));
  }

  /** Without `confirm` the server changes nothing and tells what it would do. */
  #plan(service: string, what: PatchWork): Promise<void> {
    const path = `${servicePath(service)}/${patchPath(what)}`;
    return this.#state.fetch('patches', `${what}/${service}`, () => this.#parts.call<PatchPlan>(path, post({})));
  }

  #limit({ service, limitMib }: Extract<ServiceAction, { kind: 'limit_memory' }>): void {
    const { asker, call } = this.#parts;
    void asker.fromDialog(
      () => call(`${servicePath(service)}/memory`, { method: 'PUT', body: { limit_mib: limitMib } }),
      () => {
        asker.toast('ok', limitMib === null ? 'The memory cap is off.' : `The memory cap is ${limitMib} MiB.`);
        void this.#detail(service);
      },
    );
  }

  /** The cluster whose GPU the service on screen uses. */
  #lock(): string | null | undefined {
    return this.#state.data?.service.value?.lock;
  }

  #install(body: NimInstall): void {
    const hosts = this.#parts.store.get().status?.hosts ?? [];
    const host = hosts.find(({ key }) => key === body.host) ?? hosts[0];
    this.#begin('/api/nim/install', body, host?.cluster);
  }

  #begin(path: string, body: object, lock: string | null | undefined): void {
    const { asker, call, follow } = this.#parts;
    void asker.fromDialog(
      () => call<Operation>(path, { ...post(body), headers: workHeaders(this.#parts, lock) }),
      ({ id }) => follow({ screen: 'operation', id }),
    );
  }
}

const patchPath = (what: PatchWork): string => (what === 'apply' ? 'reapply-patches' : 'undo-patches');
