import {
  AcquireBody,
  AuditEntry,
  AuditList,
  Automation,
  AutomationList,
  AutomationRun,
  AutomationRunList,
  Calendar,
  ChangeAutomationBody,
  ChangeSettingsBody,
  ChangeWebhookBody,
  Cluster,
  ClusterList,
  Conflict,
  CreateAutomationBody,
  CreateWebhookBody,
  Delivery,
  DeliveryAttempt,
  DeliveryList,
  EmptyBody,
  Grant,
  Healthz,
  Host,
  HostEvent,
  HostList,
  Issue,
  Lease,
  Lock,
  LockFacts,
  LogEvent,
  Model,
  ModelList,
  ModelSummary,
  Occurrence,
  Operation,
  OperationList,
  OperationLogEvent,
  OperationPart,
  PreflightReport,
  Problem,
  Readyz,
  RegisteredSchedule,
  RegisterScheduleBody,
  ReleaseBody,
  Renewal,
  RenewBody,
  RestoreBody,
  Schedule,
  Session,
  Setting,
  Settings,
  SnapshotBody,
  Status,
  StorageRestoreGuide,
  Swap,
  SwapList,
  SwapLogEvent,
  SwapRequestBody,
  type TSchema,
  ValidateBody,
  VectorCollection,
  VectorCollectionList,
  VectorSnapshot,
  VectorSnapshotList,
  Version,
  Webhook,
  WebhookList,
  WebhookPayload,
  WebhookWithSecret,
} from '@spark-control/schema';
import { aboutRoutes } from '../about/routes.ts';
import type { ApiContext } from '../api-context.ts';
import { auditRoutes } from '../audit/routes.ts';
import { automationRoutes } from '../automations/routes.ts';
import { clusterRoutes } from '../clusters/routes.ts';
import { hostRoutes } from '../hosts/routes.ts';
import { lockRoutes } from '../locks/routes.ts';
import { modelRoutes } from '../models/routes.ts';
import { operationRoutes } from '../operations/routes.ts';
import { scheduleRoutes } from '../schedules/routes.ts';
import { settingsRoutes } from '../settings/routes.ts';
import { statusRoutes } from '../status/routes.ts';
import type { StreamTools } from '../streams/stream-tools.ts';
import { swapRoutes } from '../swaps/routes.ts';
import { vectorRoutes } from '../vectors/routes.ts';
import { webhookRoutes } from '../webhooks/routes.ts';
import { openApiOf } from './openapi.ts';
import type { Route } from './route.ts';

/** Schemas that other programs want to name. The event schemas are here although OpenAPI 3.1 cannot say which stream sends them. */
const NAMED: Readonly<Record<string, TSchema>> = {
  AcquireBody,
  AuditEntry,
  AuditList,
  Automation,
  AutomationList,
  AutomationRun,
  AutomationRunList,
  Calendar,
  ChangeAutomationBody,
  ChangeSettingsBody,
  ChangeWebhookBody,
  Cluster,
  ClusterList,
  Conflict,
  CreateAutomationBody,
  CreateWebhookBody,
  Delivery,
  DeliveryAttempt,
  DeliveryList,
  EmptyBody,
  Grant,
  Healthz,
  Host,
  HostEvent,
  HostList,
  Issue,
  Lease,
  Lock,
  LockFacts,
  LogEvent,
  Model,
  ModelList,
  ModelSummary,
  Occurrence,
  Operation,
  OperationList,
  OperationLogEvent,
  OperationPart,
  PreflightReport,
  Problem,
  Readyz,
  RegisteredSchedule,
  RegisterScheduleBody,
  ReleaseBody,
  Renewal,
  RenewBody,
  RestoreBody,
  Schedule,
  Session,
  Setting,
  Settings,
  SnapshotBody,
  Status,
  StorageRestoreGuide,
  Swap,
  SwapList,
  SwapLogEvent,
  SwapRequestBody,
  ValidateBody,
  VectorCollection,
  VectorCollectionList,
  VectorSnapshot,
  VectorSnapshotList,
  Version,
  Webhook,
  WebhookList,
  WebhookPayload,
  WebhookWithSecret,
};

/** Every route there is. */
export function routeTable(context: ApiContext, streams: StreamTools): readonly Route[] {
  let document: unknown;
  const routes: readonly Route[] = [
    ...swapRoutes(context, streams),
    ...lockRoutes(context),
    ...statusRoutes(context, streams),
    ...modelRoutes(context),
    ...clusterRoutes(context),
    ...hostRoutes(context),
    ...automationRoutes(context),
    ...scheduleRoutes(context),
    ...settingsRoutes(context),
    ...vectorRoutes(context),
    ...auditRoutes(context),
    ...webhookRoutes(context),
    ...operationRoutes(context, streams),
    ...aboutRoutes(context, () => {
      document ??= openApiOf(routes, NAMED, context.version);
      return document;
    }),
  ];
  return routes;
}

/** The OpenAPI 3.1 document without a running server. */
export function openApiDocument(version: string): Record<string, unknown> {
  // Declaring a route touches nothing of its context; only its handler would.
  const nowhere = { version } as ApiContext;
  return openApiOf(routeTable(nowhere, {} as StreamTools), NAMED, version);
}
