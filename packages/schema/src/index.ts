export type { Static, TSchema } from 'typebox';
export { type FileModelEntry, type FileModels, ModelEntry, ModelOverridesFile, ModelsFile } from './files/models-file.ts';
export { type FileServiceEntry, type FileServices, SERVICE_KINDS, ServiceEntry, ServicesFile } from './files/services-file.ts';
export { ClusterEntry, type FileClusterEntry, type FileHostEntry, type FileSpark, HostEntry, SparkFile } from './files/spark-file.ts';
export {
  Cluster,
  ClusterList,
  Host,
  HostGpu,
  HostList,
  type WireCluster,
  type WireClusterList,
  type WireHost,
  type WireHostGpu,
  type WireHostList,
} from './wire/cluster.ts';
export { IdParams, Issue, KEY_REGEXP, KeyParams, NoQuery, Problem, type WireIssue, type WireProblem } from './wire/common.ts';
export {
  EVENT_STREAM_EVENTS,
  EventsQuery,
  HostEvent,
  LogEvent,
  SWAP_STREAM_EVENTS,
  SwapLogEvent,
  type WireHostEvent,
  type WireLogEvent,
  type WireSwapLogEvent,
} from './wire/events.ts';
export {
  LauncherKind,
  LoadSeconds,
  Model,
  ModelDisk,
  ModelList,
  ModelSummary,
  type WireModel,
  type WireModelList,
  type WireModelSummary,
} from './wire/model.ts';
export {
  Flags,
  FlagValue,
  PreflightCheck,
  PreflightReport,
  ValidateBody,
  type WirePreflightCheck,
  type WirePreflightReport,
  type WireValidateBody,
} from './wire/preflight.ts';
export {
  Healthz,
  Readyz,
  Session,
  Status,
  Version,
  type WireHealthz,
  type WireReadyz,
  type WireSession,
  type WireStatus,
  type WireVersion,
} from './wire/status.ts';
export {
  EmptyBody,
  Swap,
  SwapCause,
  SwapList,
  SwapListQuery,
  SwapOutcome,
  SwapPhase,
  SwapProgress,
  SwapRequestBody,
  SwapStep,
  SwapWaitQuery,
  type WireSwap,
  type WireSwapCause,
  type WireSwapList,
  type WireSwapProgress,
  type WireSwapRequest,
  type WireSwapStep,
} from './wire/swap.ts';
