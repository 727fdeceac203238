import { memoryFlags } from '../catalog/memory-flags.ts';
import type { Model } from '../catalog/model.ts';
import { isSparkError } from '../errors.ts';
import type { ModelKey } from '../ids.ts';
import { buildPlan } from '../launch/build-plan.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import type { HostReport } from '../ports/host-probe.ts';
import { comingBack, fitHost, planFit, type WeightsKnown, weightsKnown } from '../swap/preflight-memory.ts';
import type { Cluster } from '../topology/cluster.ts';
import type { MemoryBook } from './memory-book.ts';

/** What would keep a model from starting; the other reasons are risks, or pass when the page cache is dropped. */
const PREVENTS: readonly string[] = ['exceeds_memory', 'weights_do_not_fit', 'no_kv_room', 'start_refused'];

type Seen = Readonly<{ source: string; known: WeightsKnown }>;

/**
 * Says of each model whether it would fit, for lists: from the latest telemetry, what the last pre-flight found of its weights, and
 * earlier loads. It asks nobody.
 */
export class FitOutlook {
  readonly #cluster: Cluster;
  readonly #book: MemoryBook;
  readonly #seen = new Map<ModelKey, Seen>();

  constructor(cluster: Cluster, book: MemoryBook) {
    this.#cluster = cluster;
    this.#book = book;
  }

  /** Takes what a pre-flight found of the weights: telemetry does not look for those. */
  remember(model: Model, reports: readonly HostReport[]): void {
    const known = weightsKnown(
      { weightsBytes: null },
      reports.flatMap((report) => (report.reachable ? [report.facts] : [])),
    );
    if (known.weights !== null || known.shape !== null) this.#seen.set(model.key, { source: sourceOf(model), known });
  }

  /**
   * `isServing`: a model of ours is loaded, which a swap would stop. `null`: no host was seen yet, or nothing is known of the size of
   * the weights.
   */
  async fits(model: Model, reports: readonly HostReport[], isServing: boolean): Promise<boolean | null> {
    const plan = planOf(model, this.#cluster);
    if (plan === null) return false;
    const seen = this.#seen.get(model.key);
    const found = seen?.source === sourceOf(model) ? seen.known : null;
    const records = await this.#book.records(model.key);
    const weights = found?.weights ?? weightsKnown(plan, []).weights;
    const known = { weights, shape: found?.shape ?? null, imageId: null };
    const hosts = plan.nodes.map((node) => reports.find((report) => report.host === node));
    const fits = hosts.map((report) => {
      if (report?.reachable !== true) return null;
      const { facts } = report;
      const fit = planFit(plan, fitHost(report.host, facts, isServing ? comingBack(facts) : 0), known, records);
      return fit.demand.weights === null && memoryFlags(plan.args).kvBytes === null ? null : fit;
    });
    if (fits.some((fit) => fit?.reasons.some(({ code }) => PREVENTS.includes(code)))) return false;
    return fits.includes(null) ? null : true;
  }
}

const sourceOf = ({ source }: Model): string => (source.kind === 'repo' ? `${source.repo}@${source.revision ?? ''}` : source.path);

/** `null`: the entry cannot run on this cluster at all. */
function planOf(model: Model, cluster: Cluster): LaunchPlan | null {
  try {
    return buildPlan(model, cluster);
  } catch (error) {
    if (isSparkError(error)) return null;
    throw error;
  }
}
