import { type FailureSignature, says } from './failure-signature.ts';

/** Weights that are missing, closed or broken. */
export const WEIGHTS: readonly FailureSignature[] = [
  {
    name: 'gated repository',
    pattern: /Cannot access gated repo|GatedRepoError|40[13] Client Error|Access to model .{1,200} is restricted/,
    message: says('Hugging Face refused access to the weights.'),
    hint: says('Accept the licence on the page of the model, and give the entry an HF_TOKEN of an account that has access.'),
  },
  {
    name: 'unknown repository',
    pattern:
      /RepositoryNotFoundError|Repository Not Found|is not a (?:valid model identifier|local folder)|Repo id must be in the form|LocalEntryNotFoundError/,
    message: says('The weights were not found under the name or path of the catalog entry.'),
    hint: says('Check repo or local_path, and that the weights are on every host of the cluster.'),
  },
  {
    name: 'corrupt shard',
    pattern: /SafetensorError|Error while deserializing header|(?:HeaderTooLarge|InvalidHeaderDeserialization|MetadataIncompleteBuffer)/,
    message: says('A file of the weights is damaged or incomplete.'),
    hint: says('Run "hf cache verify" for the model on each host and fetch the damaged file again.'),
  },
];

const RENDEZVOUS_HINT = 'Check the link between the hosts, their addresses, and that no container of an earlier start is left on a worker.';

/** Several ranks do not find each other, or stop answering each other. */
export const RANKS: readonly FailureSignature[] = [
  {
    name: 'more ranks than GPUs',
    pattern: /Tensor parallel size \((\d{1,4})\) exceeds available GPUs \((\d{1,4})\)/,
    message: ([, wanted, found]) => `The model is spread over ${wanted} GPUs, and ${found} joined.`,
    hint: says('Check the link between the hosts and the node list; a worker that did not join says why in its own log.'),
  },
  {
    name: 'ranks missing',
    pattern: /(\d{1,4})\/(\d{1,4}) clients joined/,
    message: ([, joined, wanted]) => `Only ${joined} of ${wanted} ranks joined.`,
    hint: says(RENDEZVOUS_HINT),
  },
  {
    name: 'rendezvous failed',
    pattern: /Timeout waiting for cluster to start|DistStoreError|DistNetworkError/,
    message: says('A worker did not join in time.'),
    hint: says(RENDEZVOUS_HINT),
  },
  {
    name: 'no memory for RDMA',
    pattern: /ibv_reg_mr.{0,120}(?:ENOMEM|Cannot allocate memory)/,
    message: says('The network card could not register memory, so that the ranks cannot talk.'),
    hint: says('Kernel 7.0.0-1019 has this fault and 6.17.0-1032 does not: boot the other kernel.'),
  },
  {
    name: 'NCCL',
    pattern: /NCCL error|ncclSystemError|ncclUnhandledCudaError|ncclRemoteError|unhandled system error/,
    message: says('The ranks lost each other (NCCL).'),
    hint: says('Check the link, the interface names and IB_GID_INDEX; start once with --nccl-debug INFO to see where it breaks.'),
  },
  {
    name: 'late hang',
    pattern: /RPC call to \w{1,60} timed out/,
    message: says('The ranks stopped answering each other.'),
    hint: says('Look at the log of the workers; "loginctl enable-linger" for the login user keeps their semaphores alive after a logout.'),
  },
];

/** The process was ended from outside, or broke below Python. */
export const BROKEN: readonly FailureSignature[] = [
  {
    name: 'stopped by earlyoom',
    pattern: /low memory! at or below SIG(?:TERM|KILL)|sending SIG(?:TERM|KILL) to process \d{1,10}/,
    code: 'DOES_NOT_FIT',
    message: says('The host ran short of memory, and earlyoom stopped the model server before the host would hang.'),
    hint: says('Lower --gpu-memory-utilization or --max-model-len, or stop other programs on that host.'),
  },
  {
    name: 'killed by the kernel',
    pattern: /oom-kill|Out of memory: Killed process|oom_reaper/,
    code: 'DOES_NOT_FIT',
    message: says('The host ran out of memory, and the kernel killed the model server.'),
    hint: says('Lower --gpu-memory-utilization or --max-model-len, or stop other programs on that host.'),
  },
  {
    name: 'no kernel for this GPU',
    pattern: /no kernel image is available/,
    message: says('The image holds no GPU code for this machine.'),
    hint: says('Use an image built for arm64 and sm_121 (GB10).'),
  },
  {
    name: 'illegal instruction',
    pattern: /Illegal instruction|\bSIGILL\b/,
    message: says('The image uses an instruction that this processor does not have.'),
    hint: says('Use an image built for arm64 and sm_121 (GB10).'),
  },
  {
    name: 'segmentation fault',
    pattern: /Segmentation fault|Segfault encountered|\bSIGSEGV\b/,
    message: says('The model server broke with a segmentation fault.'),
    hint: says('Try --enforce-eager, another attention backend or another image.'),
  },
  {
    name: 'killed',
    pattern: /^(?:\S{1,200}: line \d{1,6}: {1,8}\d{1,10} )?Killed\b/,
    message: says('The model server was killed, most often because the memory of the host ran out.'),
    hint: says('See "dmesg" on the host. Lower --gpu-memory-utilization, or stop other programs there.'),
  },
  {
    name: 'wake-up after sleep',
    pattern: /\bwake_up\b/,
    message: says('The engine broke when it was woken up.'),
    hint: says('Sleep mode does not work on GB10: remove --enable-sleep-mode.'),
  },
];

/**
 * Lines of a load that waits. They also come, at INFO, in loads that only take long, so they count only when the load was
 * given up for its slowness.
 */
export const WAITING: readonly FailureSignature[] = [
  {
    name: 'no placement',
    pattern: /Waiting for .{0,60}placement group|cannot be placed|No available node types can fulfill/,
    message: says('Ray could not place the ranks: a worker did not join.'),
    hint: says('Check the link and the addresses of the workers, or start without Ray.'),
  },
  {
    name: 'ranks do not answer',
    pattern: /No available shared memory broadcast block found in \d{1,6} seconds/,
    message: says('The ranks stopped answering each other.'),
    hint: says('Look at the log of the workers; "loginctl enable-linger" for the login user keeps their semaphores alive after a logout.'),
  },
];

/** The engine died, and the reason stands further up. Looked for last. */
export const ENGINE_DIED: FailureSignature = {
  name: 'engine died',
  pattern:
    /EngineCore failed to start|Engine core initialization failed|EngineCore encountered (?:a fatal error|an issue)|EngineDeadError|WorkerProc rank=\[?\d{1,4}\]? died unexpectedly|WorkerProc initialization failed/,
  message: says('The engine of the model server died.'),
  hint: says(
    'The reason stands in the log tail above the first line about the engine. Do not just repeat the start: each crash can leak memory of the driver.',
  ),
};
