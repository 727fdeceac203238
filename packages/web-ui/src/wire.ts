/** Names of this page for what the server sends. Only types: nothing of the schema library gets into the bundle. */
import type { WireIssue } from '@spark-control/schema';

export type {
  WireAccessStep as AccessStep,
  WireAcquireRequest as AcquireBody,
  WireAuditEntry as AuditEntry,
  WireAuditList as AuditList,
  WireAutomation as Automation,
  WireAutomationList as AutomationList,
  WireAutomationRun as AutomationRun,
  WireAutomationRunList as AutomationRunList,
  WireCalendar as Calendar,
  WireCluster as Cluster,
  WireConflict as Conflict,
  WireCreateAutomation as AutomationBody,
  WireCreateModel as CreateModel,
  WireCreateWebhook as WebhookBody,
  WireDeepHealth as DeepHealth,
  WireDeepHealthReport as DeepHealthReport,
  WireDelivery as Delivery,
  WireDeliveryList as DeliveryList,
  WireEndpoint as Endpoint,
  WireEndpointList as EndpointList,
  WireGrant as Grant,
  WireHost as Host,
  WireHostEvent as HostEvent,
  WireHostTest as HostTest,
  WireKnobs as Knobs,
  WireLease as Lease,
  WireLock as Lock,
  WireLogEvent as LogEvent,
  WireModel as Model,
  WireModelDiskHost as ModelDiskHost,
  WireModelDiskView as ModelDiskView,
  WireModelHistory as ModelHistory,
  WireModelList as ModelList,
  WireModelRevision as ModelRevision,
  WireNimImage as NimImage,
  WireNimInstall as NimInstall,
  WireOccurrence as Occurrence,
  WireOperation as Operation,
  WireOperationList as OperationList,
  WireOperationLogEvent as OperationLogLine,
  WireOperationPart as OperationPart,
  WireParsedCommand as ParsedCommand,
  WirePatchPlan as PatchPlan,
  WirePreflightCheck as Check,
  WirePreflightReport as Preflight,
  WireRenewal as Renewal,
  WireSchedule as Schedule,
  WireService as Service,
  WireServiceDetail as ServiceDetail,
  WireServiceList as ServiceList,
  WireServiceLogs as ServiceLogs,
  WireSession as Session,
  WireSetting as Setting,
  WireSettings as Settings,
  WireStatus as Status,
  WireStorageRestoreGuide as StorageRestoreGuide,
  WireSwap as Swap,
  WireSwapCause as Cause,
  WireSwapList as SwapList,
  WireSwapLogEvent as LogLine,
  WireSwapRequest as SwapBody,
  WireSwapStep as Step,
  WireUpdateBody as UpdateBody,
  WireUpdatePlan as UpdatePlan,
  WireVectorCollection as VectorCollection,
  WireVectorSnapshot as VectorSnapshot,
  WireVectorSnapshotList as VectorSnapshotList,
  WireVllmFlag as VllmFlag,
  WireVllmFlagList as VllmFlagList,
  WireWebhook as Webhook,
  WireWebhookList as WebhookList,
  WireWebhookWithSecret as WebhookWithSecret,
} from '@spark-control/schema';

/** A problem document, or one that the page made because none came: then there is no request id and the status may be 0. */
export type Problem = Readonly<{
  title: string;
  status: number;
  detail: string;
  code: string;
  remedy: string;
  request_id: string | null;
  issues?: readonly WireIssue[];
  swap_id?: string;
  /** Who is in the way. */
  lock?: Readonly<{ holder: string; reason: string | null; expires_at: string | null }>;
  /** Place in the line for the lock, and the ticket that keeps it. */
  position?: number;
  ticket?: string;
  retry_after_seconds?: number;
}>;
