import type { Command } from '../command.ts';
import { commandHelp, overview } from '../help.ts';
import { audit } from './audit.ts';
import { automationsList, automationsRun, automationsRuns } from './automations.ts';
import { cancel } from './cancel.ts';
import { completion } from './completion.ts';
import { doctor } from './doctor.ts';
import { events } from './events.ts';
import { createHelp } from './help.ts';
import { history } from './history.ts';
import { hostList, hostShow, hostTest, hostTrust } from './host.ts';
import { hostReboot, hostUpdate, hostUpdates } from './host-update.ts';
import { init } from './init.ts';
import { lockBreak, lockRelease, lockRenew, lockShow } from './lock.ts';
import { lockAcquire } from './lock-acquire.ts';
import { logs } from './logs.ts';
import { modelDisk, modelHistory, modelList, modelShow } from './model.ts';
import { modelAdd, modelKnobs, modelParse, modelRemove, modelRevert, modelSet } from './model-edit.ts';
import { modelDeleteWeights, modelDownload, modelPull } from './model-weights.ts';
import { models } from './models.ts';
import { nimImages, nimInstall } from './nim.ts';
import { opCancel, opFollow, opList, opShow } from './op.ts';
import { qdrantCollections, qdrantRemove, qdrantRestore, qdrantSnapshot, qdrantSnapshots, qdrantStorage } from './qdrant.ts';
import { scheduleList, scheduleRemove } from './schedule.ts';
import { scheduleRegister } from './schedule-register.ts';
import { endpoints, serviceHealth, serviceList, serviceLogs, serviceMemory, serviceRestart, serviceShow } from './service.ts';
import { servicePatch, serviceUnpatch } from './service-patches.ts';
import { settingsSet, settingsShow } from './settings.ts';
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
  modelList,
  modelShow,
  modelAdd,
  modelSet,
  modelKnobs,
  modelParse,
  modelHistory,
  modelRevert,
  modelRemove,
  modelDisk,
  modelDownload,
  modelPull,
  modelDeleteWeights,
  opList,
  opShow,
  opFollow,
  opCancel,
  hostList,
  hostShow,
  hostTest,
  hostTrust,
  hostUpdates,
  hostUpdate,
  hostReboot,
  serviceList,
  serviceShow,
  serviceHealth,
  serviceLogs,
  serviceRestart,
  serviceMemory,
  servicePatch,
  serviceUnpatch,
  endpoints,
  nimImages,
  nimInstall,
  qdrantCollections,
  qdrantSnapshots,
  qdrantSnapshot,
  qdrantRestore,
  qdrantRemove,
  qdrantStorage,
  settingsShow,
  settingsSet,
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
  init,
  doctor,
  completion,
  version,
  createHelp(() => ({ overview: overview(COMMANDS), of: (command) => commandHelp(command), commands: COMMANDS })),
];
