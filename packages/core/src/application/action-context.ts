import type { SwapId } from '../ids.ts';
import type { Automation, AutomationRun } from '../schedule/automation.ts';

/** What came of an action: one sentence for people. */
export type ActionResult = Readonly<{ ok: boolean; detail: string }>;

export type ActionContext = Readonly<{
  automation: Automation;
  run: AutomationRun;
  /** Told as soon as the action has a swap, so that a restart can take it up. */
  hasSwap: (id: SwapId) => Promise<void>;
  signal: AbortSignal;
}>;

export const done = (detail: string): ActionResult => ({ ok: true, detail });
export const failed = (detail: string): ActionResult => ({ ok: false, detail });

const REQUESTER = 'automation:';

/** Who asks, in the journal and in the line for the lock. */
export const requesterOf = ({ name }: Pick<Automation, 'name'>): string => REQUESTER + name;
export const isAutomation = (requester: string): boolean => requester.startsWith(REQUESTER);
/** In the swap, so that a run whose process died before it knew its swap can find it. */
export const reasonOf = ({ id }: Pick<AutomationRun, 'id'>): string => `automation run ${id}`;
