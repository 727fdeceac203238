/** Names of this page for what the server sends. Only types: nothing of the schema library gets into the bundle. */
import type { WireIssue } from '@spark-control/schema';

export type {
  WireCluster as Cluster,
  WireHost as Host,
  WireHostEvent as HostEvent,
  WireLogEvent as LogEvent,
  WireModel as Model,
  WireModelList as ModelList,
  WirePreflightCheck as Check,
  WirePreflightReport as Preflight,
  WireSession as Session,
  WireStatus as Status,
  WireSwap as Swap,
  WireSwapCause as Cause,
  WireSwapList as SwapList,
  WireSwapLogEvent as LogLine,
  WireSwapRequest as SwapBody,
  WireSwapStep as Step,
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
  retry_after_seconds?: number;
}>;
