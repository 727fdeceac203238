export type { AutomationDeps } from './application/automation-deps.ts';
export { createAutomationDesk } from './application/automation-desk.ts';
export type { ClusterView } from './application/cluster-view.ts';
export type {
  CancelDecision,
  NumberedLogLine,
  ReadinessCheck,
  SparkCore,
  SwapDecision,
  SwapRequest,
} from './application/core-api.ts';
export type { CoreDeps } from './application/core-deps.ts';
export { createCore } from './application/create-core.ts';
export {
  createDefaultModels,
  type DefaultModelDeps,
  type DefaultModelStatus,
  type DefaultModels,
} from './application/default-model.ts';
export type { CoreEvent, JournalEvent, LiveEvent, NumberedEvent } from './application/events.ts';
export { createHostDesk, type HostDesk, type HostDeskDeps, type HostTestReport } from './application/host-desk.ts';
export type {
  AcquireDecision,
  AcquireRequest,
  BreakDecision,
  Grant,
  LockDesk,
  ReleaseDecision,
  RenewDecision,
} from './application/lock-api.ts';
export {
  MAINTENANCE_TIMES,
  type MaintenanceDeps,
  type MaintenanceDesk,
  type MaintenanceTimes,
  REBOOT_POLICIES,
  type RebootPolicy,
  type RebootRequest,
  type SideService,
  type UpdateRequest,
} from './application/maintenance-api.ts';
export { createMaintenanceDesk } from './application/maintenance-desk.ts';
export type { EditedModel, ModelDesk, ModelDeskDeps } from './application/model-api.ts';
export { createModelDesk } from './application/model-desk.ts';
export type { NimDesk, NimDeskDeps, NimRequest } from './application/nim-api.ts';
export { createNimDesk } from './application/nim-desk.ts';
export { isStopping, OperationAbort } from './application/operation-abort.ts';
export type {
  NewOperation,
  OperationContext,
  OperationDesk,
  OperationEvent,
  OperationLogLine,
  OperationWorker,
} from './application/operation-api.ts';
export type { OperationDeskDeps } from './application/operation-deps.ts';
export { createOperationDesk } from './application/operation-desk.ts';
export type {
  AutomationDesk,
  AutomationStatus,
  Calendar,
  NewAutomation,
  NewSchedule,
  Registration,
  ScheduleDesk,
} from './application/schedule-api.ts';
export { createScheduleDesk, type ScheduleDeskDeps } from './application/schedule-desk.ts';
export { Serial } from './application/serial.ts';
export type {
  DeepItem,
  DeepReport,
  EndpointView,
  PatchPlan,
  ServiceAction,
  ServiceDesk,
  ServiceDetails,
  ServiceOrder,
  ServiceView,
} from './application/service-api.ts';
export type { ServiceDeskDeps } from './application/service-deps.ts';
export { createServiceDesk } from './application/service-desk.ts';
export type { ClusterPorts } from './application/step-ports.ts';
export type {
  ModelDisk,
  ModelDiskHost,
  RemovedWeights,
  StorageDesk,
  StorageDeskDeps,
  StorageRequest,
  WeightsRemoval,
} from './application/storage-api.ts';
export { createStorageDesk } from './application/storage-desk.ts';
export { type LockNeed, type LockTools, type TakenLock, takeLock, underTakenLock } from './application/under-lock.ts';
export type { RestoreRequest, SnapshotRequest, VectorDesk, VectorDeskDeps } from './application/vector-api.ts';
export { createVectorDesk } from './application/vector-desk.ts';
export type { ConfigurableWebhookDesk, NewWebhook, WebhookDesk, WebhookWithCounts } from './application/webhook-api.ts';
export type { WebhookDeskDeps } from './application/webhook-deps.ts';
export { createWebhookDesk } from './application/webhook-desk.ts';
export {
  type Actor,
  AUDIT_ACTIONS,
  type AuditAction,
  type AuditEntry,
  type AuditQuery,
  CONTROL_PLANE,
  type NumberedAuditEntry,
} from './audit/audit-entry.ts';
export { type CatalogResult, checkCatalog } from './catalog/check-catalog.ts';
export { checkEdit } from './catalog/check-edit.ts';
export { type EntryChange, type OverrideResult, overrideAfter } from './catalog/entry-change.ts';
export { entryDiff } from './catalog/entry-diff.ts';
export { envNameProblem, looksSecret } from './catalog/env-names.ts';
export type { FlagGroup, FlagSpec, FlagType } from './catalog/flag-spec.ts';
export { checkFlags, type FlagsResult, flagDanger, type KnownFlag, knownFlags } from './catalog/flags.ts';
export { type KvLayout, kvCacheBytes, longestContext } from './catalog/kv-cache.ts';
export { DEFAULT_HF_CACHE, isImageReference, isRepository, isRevision, localPathProblem, resolveHome } from './catalog/locations.ts';
export { type ManagedFlag, managedFlags } from './catalog/managed-flags.ts';
export { isSecretFlag, MASK, maskedEnvValue, maskedWords } from './catalog/masking.ts';
export type { DemandInput, Figure, MemoryDemand } from './catalog/memory-demand.ts';
export { type MemoryFit, memoryFit } from './catalog/memory-fit.ts';
export type { FitHost } from './catalog/memory-fit-figures.ts';
export type { FitReason, FitReasonCode } from './catalog/memory-fit-reasons.ts';
export { type MemoryFlags, memoryFlags } from './catalog/memory-flags.ts';
export { type MemoryAsk, type MemoryHistory, memoryHistory } from './catalog/memory-history.ts';
export { mergeEntries, mergeEntry, type Override, type RawEntry } from './catalog/merge-entry.ts';
export { type CatalogSnapshot, type EnvValue, type FlagValue, findModel, type Model, type ModelSource } from './catalog/model.ts';
export type { LayerGroup } from './catalog/model-layers.ts';
export { type ModelShape, readModelShape } from './catalog/model-shape.ts';
export { nearMatches } from './catalog/near-matches.ts';
export { type ParsedCommand, parseCommand } from './catalog/parse-command.ts';
export { type CheckOptions, checkModel, type ModelResult } from './catalog/validate.ts';
export { ERROR_CATALOG, type ErrorCode, type ErrorDetails, type Issue, isSparkError, SparkError } from './errors.ts';
export { type Judgement, RISKS, type Risk } from './host/known-risks.ts';
export type { PackageSection } from './host/package-section.ts';
export { compareNumbers, driverVersion } from './host/package-versions.ts';
export { UPDATE_ENV, type UpdateCommand, updateCommands } from './host/update-commands.ts';
export { noRootRights, type PlannedFirmware, type PlannedPackage, planUpdate, type UpdatePlan } from './host/update-plan.ts';
export {
  type AutomationId,
  automationId,
  type ClusterKey,
  clusterKey,
  type DeliveryId,
  deliveryId,
  type HostKey,
  hostKey,
  isKey,
  KEY_PATTERN,
  type LockId,
  lockId,
  type ModelKey,
  modelKey,
  type OperationId,
  operationId,
  RESERVED_KEYS,
  type RunId,
  runId,
  type ScheduleKey,
  type SwapId,
  scheduleKey,
  swapId,
  type Ticket,
  ticket,
  type WebhookId,
  webhookId,
} from './ids.ts';
export { buildPlan } from './launch/build-plan.ts';
export { canonicalJson, digestOf } from './launch/digest.ts';
export { type DockerRunOptions, dockerRunCommand, envAssignments } from './launch/docker-run-command.ts';
export { missingSecrets, type ReadSecret } from './launch/launch-env.ts';
export { type Claim, LABELS, type LaunchPlan, labelsOf } from './launch/launch-plan.ts';
export { launchScript, legacyExecScript } from './launch/launch-script.ts';
export { type LauncherGeneration, type LauncherOptions, launcherCommand, launcherTarget } from './launch/launcher-command.ts';
export { previewCommand } from './launch/preview.ts';
export { ansiCWord, assertUnquotedWord, doubleShellQuote, shellJoin, shellQuote } from './launch/quoting.ts';
export { vllmArgs } from './launch/vllm-args.ts';
export type { Lease, LeaseEnding, LockFacts, LockState, LockView } from './lock/lease.ts';
export { KNOWN_NIMS, type KnownNim } from './nim/known-images.ts';
export {
  isOver,
  OPERATION_KINDS,
  type Operation,
  type OperationCause,
  type OperationKind,
  type OperationPart,
  type OperationProgress,
  type OperationState,
  type Plain,
} from './operation/operation.ts';
export type { AnswerLookup, AnswerStore, StoredAnswer } from './ports/answer-store.ts';
export type { AuditLog } from './ports/audit-log.ts';
export type { CatalogChange, CatalogEditor, CatalogRevision, EntryPatch, FieldDiff } from './ports/catalog-editor.ts';
export type { CatalogSource } from './ports/catalog-source.ts';
export type { Clock, Ids } from './ports/clock.ts';
export type { CronCalendar, CronProblem } from './ports/cron-calendar.ts';
export { ACCESS_STEPS, type AccessStep, type HostAccess, type PresentedKey, type TrustStore } from './ports/host-access.ts';
export type { FenceMark, FenceSight, HostFence } from './ports/host-fence.ts';
export {
  type FirmwareChange,
  type HostCondition,
  type HostMaintenance,
  PACKAGE_SECTIONS,
  type PackageChange,
  type UpdateOrder,
  type UpdateStep,
  type UpdateSurvey,
} from './ports/host-maintenance.ts';
export type {
  DiskFacts,
  GpuFacts,
  GpuProcess,
  HostFacts,
  HostProbe,
  HostReport,
  ProbeQuestions,
  SystemFacts,
  WeightsFacts,
} from './ports/host-probe.ts';
export type { HostImage, ImageStore, PullOrder, PullProgress, StoredImage } from './ports/image-store.ts';
export type { LeaseStore } from './ports/lease-store.ts';
export { type LogFields, type Logger, silentLogger } from './ports/logger.ts';
export type { MemoryMeasures, MemoryOutcome, MemoryRecord, MemoryRecords } from './ports/memory-records.ts';
export type { Activity, ModelActivity } from './ports/model-activity.ts';
export type { EndpointHealth, ModelEndpoint, ServedModel } from './ports/model-endpoint.ts';
export type { HostObservation, LogLine, ManagedIdentity, ModelRuntime, ObservedContainer, RuntimeState } from './ports/model-runtime.ts';
export type { NimHost, NimImage, NimOrder, NimSite } from './ports/nim-host.ts';
export type { OperationQuery, OperationStore, StoredOperation } from './ports/operation-store.ts';
export type { AutomationStore, RunQuery, ScheduleStore } from './ports/schedule-store.ts';
export type { SecretSource } from './ports/secret-source.ts';
export type { ServiceControl, ServiceHealth } from './ports/service-control.ts';
export type {
  PatchBackup,
  PatchBench,
  PatchContent,
  PatchSource,
  PatchState,
  PatchSurvey,
  ServiceHost,
} from './ports/service-host.ts';
export type { DeepHealth, ServiceProbe } from './ports/service-probe.ts';
export type { NewService, ServiceRegistry } from './ports/service-registry.ts';
export type { Setting, SettingChange, SettingsDesk, SettingsFile, SettingsView } from './ports/settings-desk.ts';
export type { EventLog, FenceCounter, JournalEntry, LoadTime, SwapJournal, SwapQuery } from './ports/swap-journal.ts';
export type { Tokens } from './ports/tokens.ts';
export type { SnapshotWish, StoredSnapshot, VectorAdmin, VectorCollection, VectorSnapshot, VectorStore } from './ports/vector-store.ts';
export type { WebhookSender } from './ports/webhook-sender.ts';
export type { DeliveryQuery, WebhookOutbox, WebhookStore } from './ports/webhook-store.ts';
export type {
  DownloadOrder,
  DownloadProgress,
  HostWeights,
  OtherWeights,
  PathVerdict,
  Removal,
  StoredWeights,
  WeightStore,
  WeightsQuestion,
} from './ports/weight-store.ts';
export { maskSecrets } from './redact.ts';
export type { Automation, AutomationAction, AutomationRun, MissedPolicy, RunOutcome } from './schedule/automation.ts';
export { type Upcoming, upcomingConflicts } from './schedule/conflicts.ts';
export type { DefaultModelRule, Occasion } from './schedule/default-model.ts';
export { MAX_OCCURRENCES } from './schedule/expand.ts';
export type { Conflict, ConflictKind, Occurrence, Schedule, Span } from './schedule/schedule.ts';
export {
  type ContainerFacts,
  GPU_KINDS,
  type PatchFile,
  type ProbeOptions,
  SERVICE_KINDS,
  type Service,
  type ServiceKind,
  type ServiceStatus,
} from './service/service.ts';
export { baseUrlOf, changeProblem, containerProblem, gpuClusterOf, type ServicePlace, servicePlace } from './service/service-place.ts';
export {
  DEFAULT_DEADLINES,
  type DeadlineContext,
  type DeadlineSettings,
  type Deadlines,
  deadlinesFor,
  type Overdue,
  overdue,
} from './swap/deadlines.ts';
export { type EtaInput, estimateLoad, etaSeconds } from './swap/estimate.ts';
export { classifyFailure, type FailureContext } from './swap/failure-causes.ts';
export { LineSplitter, MAX_LINE_LENGTH } from './swap/line-splitter.ts';
export { type LoadMeasures, noLoadMeasures, observeMeasures } from './swap/load-measures.ts';
export { type PreflightInput, preflightIssues, preflightReport } from './swap/preflight.ts';
export type { CheckName, CheckStatus, LoadEstimate, PreflightCheck, PreflightReport } from './swap/preflight-report.ts';
export { initialLoadProgress, type LoadProgress, mayBeSilent, observeLine } from './swap/progress.ts';
export { LOAD_STAGES, type LoadStage } from './swap/progress-marks.ts';
export {
  type ActivePhase,
  type Cause,
  isSettled,
  type Previous,
  type Progress,
  SETTLED,
  type Serving,
  type SettledPhase,
  type StepName,
  type StepRecord,
  type StepStatus,
  type Swap,
  type SwapOptions,
  type SwapPhase,
} from './swap/swap.ts';
export { type Cluster, endpointOf, type Host, headOf, type LauncherKind } from './topology/cluster.ts';
export { type Doubt, doubtAbout, type Pruning, prunable, type Retention } from './vector/retention.ts';
export type { StorageRestore, StorageRestoreStep } from './vector/storage-restore.ts';
export type { Delivery, DeliveryAttempt, DeliveryState } from './webhook/delivery.ts';
export type { WebhookEndpoint } from './webhook/endpoint.ts';
export { ENDING_NOTICES, NOTICE_TYPES, type Notice, type NoticeType, type NumberedNotice, type ServedEndpoint } from './webhook/notice.ts';
export { baselineOf, modelNotices, swapNotices } from './webhook/notices-of.ts';
export { swapEndpoint, viewEndpoint } from './webhook/served-endpoint.ts';
