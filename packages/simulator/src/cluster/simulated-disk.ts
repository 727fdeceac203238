/** What a simulated Spark has on its disk before anybody deletes or downloads anything. */
const FREE_BYTES = 2400 * 1024 ** 3;

/** Where weights are wanting: not there, or a download was broken off. */
export type WeightsFault = 'missing' | 'incomplete';

export type SavedDisk = Readonly<{ weights: Readonly<Record<string, number>>; missingImages: readonly string[] }>;

/** Weights and images on one simulated host. All that nobody took away is there, so that every model of a catalog can be tried. */
export class SimulatedDisk {
  readonly missingImages = new Set<string>();
  /** Ids of images that are not what the other hosts have. */
  readonly imageIds = new Map<string, string>();
  /** Set by tests: so much is free whatever is there. */
  freeOverride: number | null = null;
  /** How much of the weights of a repo or path is there, 0..1. */
  readonly #shares = new Map<string, number>();
  readonly #sizeOf: (name: string) => number;

  constructor(sizeOf: (name: string) => number) {
    this.#sizeOf = sizeOf;
  }

  shareOf(name: string): number {
    return this.#shares.get(name) ?? 1;
  }

  setShare(name: string, share: number): void {
    this.#shares.set(name, Math.min(1, Math.max(0, share)));
  }

  setFault(name: string, fault: WeightsFault | null): void {
    this.setShare(name, fault === null ? 1 : fault === 'missing' ? 0 : 1 / 3);
  }

  /** Bytes that are there, and whether they are all; `null`: nothing. */
  weights(name: string): Readonly<{ bytes: number; complete: boolean }> | null {
    const share = this.shareOf(name);
    return share === 0 ? null : { bytes: Math.floor(this.#sizeOf(name) * share), complete: share === 1 };
  }

  /** Those that were ever touched. */
  names(): readonly string[] {
    return [...this.#shares.keys()];
  }

  get freeBytes(): number {
    const taken = [...this.#shares].reduce((sum, [name, share]) => sum + (1 - share) * this.#sizeOf(name), 0);
    return this.freeOverride ?? Math.floor(FREE_BYTES + taken);
  }

  save(): SavedDisk {
    return { weights: Object.fromEntries(this.#shares), missingImages: [...this.missingImages] };
  }

  restore({ weights, missingImages }: SavedDisk): void {
    for (const [name, share] of Object.entries(weights)) this.setShare(name, share);
    for (const image of missingImages) this.missingImages.add(image);
  }
}
