/** Share of an `apt-get` run that is done, from its own lines: each package is unpacked and set up. Never falls. */
export class AptProgress {
  readonly #total: number;
  #done = 0;

  constructor(packages: number) {
    this.#total = Math.max(1, packages * 2);
  }

  /** Takes the next line, and tells the share, 0..1. */
  take(line: string): number {
    if (/^(?:Unpacking|Setting up|Removing|Purging configuration files for) \S/.test(line)) this.#done += 1;
    return Math.min(1, this.#done / this.#total);
  }
}
