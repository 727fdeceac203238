export {
  createSimulatedCluster,
  SIMULATED_SPARKS,
  type SimulatedCluster,
  type SimulatedClusterOptions,
} from './cluster/simulated-cluster.ts';
export type { WeightsFault } from './cluster/simulated-disk.ts';
export { SimulationControl, type UnmanagedOptions } from './cluster/simulation-control.ts';
export { type FakeQdrant, type FakeQdrantOptions, type QdrantFaults, startFakeQdrant } from './fake-qdrant/fake-qdrant.ts';
export { ClaimsDirectory } from './fake-vllm/claims-directory.ts';
export { spedUp, systemClock } from './fake-vllm/clock.ts';
export { type FakeVllm, type FakeVllmOptions, type FakeVllmSignal, startFakeVllm } from './fake-vllm/fake-vllm.ts';
export { type HostMemory, InProcessMemory, type MemoryClaim, type MemorySnapshot, SPARK_MEMORY_BYTES } from './fake-vllm/host-memory.ts';
export { DEFAULT_PROFILE, FAULTS, type FakeVllmFault, type FakeVllmProfile, readProfile } from './fake-vllm/profile.ts';
export type { ServeOptions } from './fake-vllm/serve-options.ts';
export { SimulatedNimHost, type SimulatedNimHostOptions } from './nim/simulated-nim-host.ts';
export { SimulatedServiceHost, type SimulatedServiceOptions } from './services/simulated-service-host.ts';
export { type SimulatedProbeOptions, SimulatedServiceProbe } from './services/simulated-service-probe.ts';
