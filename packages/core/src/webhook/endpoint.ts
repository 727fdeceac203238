import type { WebhookId } from '../ids.ts';
import type { NoticeType } from './notice.ts';

/** Where notices are sent. Its signing secrets are kept apart, sealed, by the store. */
export type WebhookEndpoint = Readonly<{
  id: WebhookId;
  /** http or https, without credentials or fragment. */
  url: string;
  events: readonly NoticeType[];
  description: string | null;
  enabled: boolean;
  /** Loopback targets are refused unless this says so. */
  allowLoopback: boolean;
  /** Why it is not enabled, when Spark Control switched it off by itself (410 Gone). */
  disabledReason: string | null;
  createdAt: number;
  updatedAt: number;
}>;
