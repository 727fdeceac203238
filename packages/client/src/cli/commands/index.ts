import type { Command } from '../command.ts';
import { commandHelp, overview } from '../help.ts';
import { audit } from './audit.ts';
import { automationsList, automationsRun, automationsRuns } from './automations.ts';
import { cancel } from './cancel.ts';
import { completion } from './completion.ts';
import { events } from './events.ts';
import { createHelp } from './help.ts';
import { history } from './history.ts';
import { lockBreak, lockRelease, lockRenew, lockShow } from './lock.ts';
import { lockAcquire } from './lock-acquire.ts';
import { logs } from './logs.ts';
import { models } from './models.ts';
import { scheduleList, scheduleRemove } from './schedule.ts';
import { scheduleRegister } from './schedule-register.ts';
import { status } from './status.ts';
import { swap, unload } from './swap.ts';
import { validate } from './validate.ts';
import { version } from './version.ts';
import { wait } from './wait.ts';
import { webhooksDeliveries, webhooksRedeliver, webhooksTest } from './webhook-deliveries.ts';
import { webhooksCreate, webhooksDisable, webhooksEnable, webhooksList, webhooksRemove, webhooksRotateSecret } from './webhooks.ts';
import { withLock } from './with-lock.ts';

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  status,
  models,
  history,
  logs,
  events,
  audit,
  validate,
  swap,
  unload,
  wait,
  cancel,
  lockAcquire,
  lockRenew,
  lockRelease,
  lockShow,
  lockBreak,
  withLock,
  scheduleRegister,
  scheduleList,
  scheduleRemove,
  automationsList,
  automationsRun,
  automationsRuns,
  webhooksList,
  webhooksCreate,
  webhooksTest,
  webhooksDeliveries,
  webhooksRedeliver,
  webhooksRotateSecret,
  webhooksEnable,
  webhooksDisable,
  webhooksRemove,
  completion,
  version,
  createHelp(() => ({ overview: overview(COMMANDS), of: (command) => commandHelp(command), commands: COMMANDS })),
];
