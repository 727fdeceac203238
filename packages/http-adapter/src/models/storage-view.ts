import type { ModelDisk, ModelDiskHost, ModelKey, RemovedWeights } from '@spark-control/core';
import type { WireDiskRemoval, WireModel, WireModelDiskHost, WireModelDiskView } from '@spark-control/schema';

export const modelDiskView = ({ model, deletable, reason, hosts }: ModelDisk): WireModelDiskView => ({
  model,
  deletable,
  reason,
  items: hosts.map(hostView),
});

const hostView = (disk: ModelDiskHost): WireModelDiskHost => ({
  host: disk.host,
  cluster: disk.cluster,
  kind: disk.kind,
  present: disk.present,
  path: disk.path,
  bytes: disk.bytes,
  complete: disk.complete,
  downloading: disk.downloading,
  free_bytes: disk.freeBytes,
  problem: disk.problem,
});

/** For the list of all models: only where something is. */
export const knownDiskView = (disks: readonly ModelDiskHost[]): WireModel['disk'] =>
  disks.flatMap(({ host, present, path, bytes, complete }) => (present === true ? [{ host, path: path ?? '', bytes, complete }] : []));

export const removalView = (
  model: ModelKey,
  dryRun: boolean,
  { freedBytes, hosts }: Readonly<{ freedBytes: number; hosts: readonly RemovedWeights[] }>,
): WireDiskRemoval => ({
  model,
  dry_run: dryRun,
  freed_bytes: freedBytes,
  items: hosts.map(({ host, path, freedBytes: bytes, through }) => ({ host, path, freed_bytes: bytes, through })),
});
