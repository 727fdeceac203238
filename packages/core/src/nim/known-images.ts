/** An image that is known to be made for a DGX Spark, or is often taken for one. `repository`: without the registry in front of it. */
export type KnownNim = Readonly<{
  repository: string;
  title: string;
  kind: 'openai' | 'embeddings';
  architectures: readonly string[];
  /** Room that image and weights take, in GiB, from and to. */
  diskGib: readonly [number, number];
  note: string;
}>;

/** As NVIDIA lists them for the DGX Spark; a registry is asked what an image is made for before any of it is pulled, known or not. */
export const KNOWN_NIMS: readonly KnownNim[] = [
  {
    repository: 'nim/meta/llama-3.1-8b-instruct-dgx-spark',
    title: 'Llama 3.1 8B Instruct',
    kind: 'openai',
    architectures: ['arm64'],
    diskGib: [10, 50],
    note: 'Made for the DGX Spark. It takes a good part of the memory, as a model of the cluster does, and ignores some of the NIM variables.',
  },
  {
    repository: 'nim/qwen/qwen3-32b-dgx-spark',
    title: 'Qwen3 32B',
    kind: 'openai',
    architectures: ['arm64'],
    diskGib: [10, 50],
    note: 'Made for the DGX Spark. It takes most of the memory: unload the model of the cluster first. It ignores some of the NIM variables.',
  },
  {
    repository: 'nim/nvidia/llama-nemotron-embed-vl-1b-v2',
    title: 'Llama Nemotron Embed VL 1B',
    kind: 'embeddings',
    architectures: ['arm64', 'amd64'],
    diskGib: [10, 20],
    note: 'From version 2.3.0 on also for arm64 and GB10: name the tag.',
  },
];
