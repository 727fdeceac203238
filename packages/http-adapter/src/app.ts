import type {
  AnswerStore,
  AuditLog,
  AutomationDesk,
  Clock,
  HostDesk,
  Ids,
  Logger,
  MaintenanceDesk,
  ModelDesk,
  NimDesk,
  OperationDesk,
  ScheduleDesk,
  ServiceDesk,
  SettingsDesk,
  SparkCore,
  StorageDesk,
  VectorDesk,
  WebhookDesk,
} from '@spark-control/core';
import { SparkError } from '@spark-control/core';
import express, { type Express } from 'express';
import type { ApiContext } from './api-context.ts';
import { errorMiddleware } from './errors/send-problem.ts';
import { pinsOf } from './hosts/pins.ts';
import { crossSiteGuard } from './middleware/cross-site-guard.ts';
import { dashboardSession } from './middleware/csrf.ts';
import { hostGuard } from './middleware/host-guard.ts';
import { declaredSizeGuard } from './middleware/json-body.ts';
import { requestId } from './middleware/request-id.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { OperationFrames } from './operations/frames.ts';
import { Idempotency } from './routing/idempotency.ts';
import { registerRoutes } from './routing/register.ts';
import { routeTable } from './routing/route-table.ts';
import { RequestValidator } from './routing/validator.ts';
import { statusView } from './status/view.ts';
import { EventHub } from './streams/event-hub.ts';
import { EventFrames, LogFrames, SwapFrames } from './streams/frames-of-events.ts';
import { StreamLimits } from './streams/stream-limits.ts';
import type { StreamTools } from './streams/stream-tools.ts';
import { SwapViews } from './swaps/view.ts';
import { serveDashboard } from './web/dashboard.ts';

export const DEFAULT_BODY_LIMIT_BYTES = 1024 * 1024;

export type AppDeps = Readonly<{
  core: SparkCore;
  /** Default: none, so that the catalog cannot be changed. */
  models?: ModelDesk;
  webhooks: WebhookDesk;
  answers: AnswerStore;
  audit: AuditLog;
  schedules: ScheduleDesk;
  automations: AutomationDesk;
  operations: OperationDesk;
  /** Default: how hosts are reached is not known here, and its routes say so. */
  hosts?: HostDesk;
  /** Default: hosts cannot be updated or rebooted from here, and its routes say so. */
  maintenance?: MaintenanceDesk;
  settings: SettingsDesk;
  /** Default: none can be reached, and their routes say so. */
  services?: ServiceDesk;
  /** Default: there is none, and its routes say so. */
  vectors?: VectorDesk;
  /** Default: no host can be reached, and its routes say so. */
  nim?: NimDesk;
  /** Default: none, and its routes say so. */
  storage?: StorageDesk;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  version: string;
  /** What the server was told to listen on, for example `127.0.0.1` or `0.0.0.0`: its addresses are allowed as `Host`. */
  listenHost: string;
  /** Further names that may stand in `Host`; `*.lan` allows all below `lan`. */
  allowedHosts: readonly string[];
  /** Default 1 MiB. */
  bodyLimitBytes?: number;
  /** Time for running requests to finish, of a swap that names none. Default 30. */
  drainSeconds?: number;
  /** Signs the session cookie; of several the first signs and all are accepted. */
  cookieSecret: string | readonly string[];
  /** Folder of the built dashboard (`index.html` and `assets/`); `null`: only the API. */
  webRoot: string | null;
}>;

export type SparkApp = Readonly<{
  app: Express;
  /** Ends all streams and long polls, for a server that stops: call it before closing the listener. Idempotent. */
  closeStreams(): void;
}>;

/** Builds the Express app. It never listens and holds no timer of its own while nobody is connected. */
export function createApp(deps: AppDeps): SparkApp {
  const { core, clock, ids, logger } = deps;
  const bodyLimitBytes = deps.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES;
  const swapViews = new SwapViews(core, clock);
  const hub = new EventHub(core, deps.operations, clock, logger);
  const operationFrames = new OperationFrames(clock);
  const context: ApiContext = {
    core,
    models: deps.models ?? null,
    webhooks: deps.webhooks,
    audit: deps.audit,
    schedules: deps.schedules,
    automations: deps.automations,
    operations: deps.operations,
    hosts: deps.hosts ?? null,
    maintenance: deps.maintenance ?? null,
    settings: deps.settings,
    services: deps.services ?? null,
    vectors: deps.vectors ?? null,
    nim: deps.nim ?? null,
    storage: deps.storage ?? null,
    drainSeconds: deps.drainSeconds ?? 30,
    clock,
    version: deps.version,
    startedAt: clock.now(),
    swapViews,
    closing: hub.closing,
  };
  const streams: StreamTools = {
    core,
    operations: deps.operations,
    hub,
    limits: new StreamLimits(),
    swapViews,
    swapFrames: new SwapFrames(swapViews),
    eventFrames: new EventFrames(core, swapViews, operationFrames, pinsOf(context.hosts)),
    logFrames: new LogFrames(),
    operationFrames,
    statusView: (lastEventId) => statusView(context, lastEventId),
  };

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use(requestId(ids, clock, logger), ...securityHeaders());
  app.use(declaredSizeGuard(bodyLimitBytes));
  // Before any routing, so that a path nobody knows does not tell another site more than one that exists.
  app.use(hostGuard(deps.listenHost, deps.allowedHosts, clock), crossSiteGuard, ...dashboardSession(deps.cookieSecret));
  registerRoutes(app, routeTable(context, streams), {
    validator: new RequestValidator(),
    idempotency: new Idempotency(deps.answers, clock, logger),
    bodyLimitBytes,
  });
  if (deps.webRoot !== null) serveDashboard(app, deps.webRoot);
  app.use((request) => {
    throw new SparkError('ROUTE_NOT_FOUND', `There is no ${request.path.slice(0, 200)} here. GET /openapi.json lists the paths.`);
  });
  app.use(errorMiddleware(clock, logger, bodyLimitBytes));
  return { app, closeStreams: () => hub.close() };
}
