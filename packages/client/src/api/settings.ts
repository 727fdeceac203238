import type { WireSettings } from '@spark-control/schema';
import type { CallOptions, Transport } from '../transport.ts';
import { type EditOptions, ifMatchHeader } from './catalog.ts';

/** `path`: a JSON pointer into spark.yaml; `value: null` takes a value away. */
export type NewSetting = Readonly<{ path: string; value: unknown }>;

export type SettingsApi = Readonly<{
  get(options?: CallOptions): Promise<WireSettings>;
  /** All or none. They take effect at the next start. */
  change(changes: readonly NewSetting[], options?: EditOptions): Promise<WireSettings>;
}>;

export function createSettingsApi(transport: Transport): SettingsApi {
  const path = '/api/settings';
  return {
    get: (options) => transport.call({ method: 'GET', path }, options),
    change: (changes, { ifMatch, ...options } = {}) =>
      transport.call({ method: 'PATCH', path, body: { changes }, headers: ifMatchHeader(ifMatch) }, options),
  };
}
