import type { ManageDesk, ManageParts } from './contract.ts';
import { ManageStore } from './fetcher.ts';
import { HostDesk } from './host-desk.ts';
import { ModelDesk } from './model-desk.ts';
import { OperationDesk } from './operation-desk.ts';
import { ServiceDesk } from './service-desk.ts';
import { SettingsDesk } from './settings-desk.ts';
import type { ManageAction } from './state.ts';
import { VectorDesk } from './vector-desk.ts';

/** One desk for all subjects: each takes what is its own, and leaves the rest alone. */
export class AllDesks implements ManageDesk {
  readonly #desks: readonly ManageDesk[];

  constructor(parts: ManageParts) {
    const state = new ManageStore(parts);
    const kinds = [OperationDesk, HostDesk, ServiceDesk, VectorDesk, ModelDesk, SettingsDesk];
    this.#desks = kinds.map((Kind) => new Kind(parts, state));
  }

  /** One after the other: what a service is, the first one fetches, and the next one goes by it. */
  async load(isWanted: boolean): Promise<void> {
    for (const desk of this.#desks) await desk.load(isWanted);
  }

  async more(): Promise<void> {
    await Promise.all(this.#desks.map((desk) => desk.more()));
  }

  perform(action: ManageAction): void {
    for (const desk of this.#desks) desk.perform(action);
  }

  onEvent(type: string, data: unknown): void {
    for (const desk of this.#desks) desk.onEvent(type, data);
  }
}
