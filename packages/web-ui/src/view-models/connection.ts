import type { AppState } from '../state.ts';
import { span } from './format.ts';
import { type Mark, mark } from './mark.ts';

export type ConnectionView = Readonly<{ mark: Mark; text: string; isStale: boolean }>;

/** A short interruption is not worth greying the page for. */
const STALE_MS = 3_000;

export function connectionView({ connection, now }: AppState): ConnectionView {
  const { state, lastEventAt } = connection;
  if (state === 'live') return { mark: mark('ok', 'live'), text: 'live', isStale: false };
  if (lastEventAt === null) return { mark: mark('busy', 'connecting'), text: 'connecting', isStale: false };
  const age = Math.max(0, now - lastEventAt);
  const text = `${state === 'paused' ? 'paused' : 'reconnecting'}, last update ${span(age / 1000)} ago`;
  return { mark: mark('warn', state), text, isStale: age > STALE_MS };
}
