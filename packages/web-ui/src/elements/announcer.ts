/** Steps within this time of each other are told as the last of them. */
const QUIET_MS = 5_000;

export type AnnouncerView = Readonly<{ text: string; isUrgent: boolean }>;

/** Reads out what happens: phases politely and at most every five seconds, failures at once. Nothing to see. */
export class ScAnnouncer extends HTMLElement {
  readonly #polite = document.createElement('p');
  readonly #urgent = document.createElement('p');
  /** `null` until the first view: how things stood when the page came is not news. */
  #last: string | null = null;
  #spokeAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  connectedCallback(): void {
    this.#polite.setAttribute('role', 'status');
    this.#urgent.setAttribute('role', 'alert');
    this.replaceChildren(this.#polite, this.#urgent);
  }

  disconnectedCallback(): void {
    clearTimeout(this.#timer);
  }

  set view({ text, isUrgent }: AnnouncerView) {
    const isNews = this.#last !== null && text !== this.#last;
    this.#last = text;
    if (!isNews) return;
    clearTimeout(this.#timer);
    const wait = isUrgent ? 0 : Math.max(0, this.#spokeAt + QUIET_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#spokeAt = performance.now();
      (isUrgent ? this.#urgent : this.#polite).textContent = text;
    }, wait);
  }
}
