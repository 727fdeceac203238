import { checkFlags } from '../catalog/flags.ts';
import { findModel, type Model } from '../catalog/model.ts';
import { isSparkError, SparkError } from '../errors.ts';
import { buildPlan } from '../launch/build-plan.ts';
import { missingSecrets } from '../launch/launch-env.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import type { HostReport } from '../ports/host-probe.ts';
import type { HostObservation } from '../ports/model-runtime.ts';
import { estimateLoad } from '../swap/estimate.ts';
import { startNeed } from '../swap/memory-need.ts';
import { type PreflightInput, preflightReport } from '../swap/preflight.ts';
import type { PreflightReport } from '../swap/preflight-report.ts';
import { NOTHING_STANDS, type Standings } from '../swap/preflight-standing.ts';
import type { Swap } from '../swap/swap.ts';
import type { Cluster } from '../topology/cluster.ts';
import type { CoreDeps } from './core-deps.ts';
import { FitOutlook } from './fit-outlook.ts';
import type { MemoryBook } from './memory-book.ts';
import type { ClusterPorts } from './step-ports.ts';
import { timedLook } from './timed-look.ts';

/** A check of one host may not hold up the whole pre-flight, nor hide what the others said. */
const HOST_LIMIT_MS = 13_000;
const LIMIT_MS = 15_000;

/** Looks at the hosts of one cluster and has the pure pre-flight judge what was seen. It starts nothing. */
export class Preflight {
  readonly #cluster: Cluster;
  readonly #ports: ClusterPorts;
  readonly #deps: CoreDeps;
  readonly #book: MemoryBook;
  readonly #outlook: FitOutlook;
  readonly #standings: (lockId: string | null) => Promise<Standings>;
  /** Of the smallest host, as last seen; `null` before the first look. */
  #memTotalBytes: number | null = null;

  constructor(
    cluster: Cluster,
    ports: ClusterPorts,
    deps: CoreDeps,
    book: MemoryBook,
    standings: (lockId: string | null) => Promise<Standings>,
  ) {
    this.#standings = standings;
    this.#book = book;
    this.#outlook = new FitOutlook(cluster, book);
    this.#cluster = cluster;
    this.#ports = ports;
    this.#deps = deps;
  }

  /** The report for people. `flags` stand in for the catalog's; the lock that `lockId` proves stands in nobody's way. */
  async report(model: Model, flags: Readonly<Record<string, unknown>> | null, lockId: string | null): Promise<PreflightReport> {
    const trial = tried(model, flags, this.#cluster);
    const { orUnreachable, done } = timedLook(this.#cluster, this.#deps.clock, LIMIT_MS);
    try {
      const [observation, reports, standings] = await Promise.all([
        orUnreachable((signal) => this.#ports.runtime.observe(signal, HOST_LIMIT_MS)),
        orUnreachable((signal) => this.#inspect(trial, signal, HOST_LIMIT_MS)),
        this.#standings(lockId),
      ]);
      return await this.#judge(trial, observation, reports, { replaceUnmanaged: false, standings });
    } finally {
      done();
    }
  }

  /** The same inside a swap, on what was just observed; `null` for an unload. */
  readonly forSwap = async (swap: Swap, observation: readonly HostObservation[], signal: AbortSignal): Promise<PreflightReport | null> => {
    if (swap.target === null || swap.plan === null) return null;
    const model = findModel(this.#deps.catalog.current(), swap.target);
    if (model === null) throw new SparkError('MODEL_NOT_FOUND', `Model ${swap.target} is no longer in the catalog.`);
    const trial: Trial = { model, plan: swap.plan, error: null };
    const reports = await this.#inspect(trial, signal);
    const report = await this.#judge(trial, observation, reports, {
      replaceUnmanaged: swap.options.replaceUnmanaged,
      standings: NOTHING_STANDS,
    });
    this.#noteRoom(swap, report, reports);
    return report;
  };

  /** Memory that `plan` needs free on each of its hosts; `null` while the size of the hosts is not known. */
  readonly neededBytes = (plan: LaunchPlan): number | null =>
    this.#memTotalBytes === null ? null : Math.max(startNeed(plan, this.#memTotalBytes), (plan.weightsBytes ?? 0) / plan.nodes.length);

  /** Whether `model` would fit, from what was last seen of the hosts; asks nobody. `null`: not known. */
  fits(model: Model, hosts: readonly HostReport[], isServing: boolean): Promise<boolean | null> {
    return this.#outlook.fits(model, hosts, isServing);
  }

  #noteRoom(swap: Swap, report: PreflightReport, reports: readonly HostReport[]): void {
    const { fit } = report.memory;
    if (fit == null || this.#memTotalBytes === null) return;
    const head = reports.find((one) => one.host === this.#cluster.hosts[0]?.key);
    const imageId = head?.reachable ? (head.facts.imageId ?? null) : null;
    this.#book.sawRoom(swap.id, fit, this.#memTotalBytes, imageId);
  }

  #inspect({ model, plan }: Trial, signal: AbortSignal, hostLimitMs?: number): Promise<readonly HostReport[]> {
    const image = plan?.image ?? model.image ?? this.#cluster.image;
    const limit = hostLimitMs === undefined ? {} : { hostLimitMs };
    return this.#ports.probe.inspect({ image, source: model.source, ...limit }, signal);
  }

  async #judge(
    { model, plan, error }: Trial,
    observation: readonly HostObservation[],
    reports: readonly HostReport[],
    around: Pick<PreflightInput, 'replaceUnmanaged'> & Readonly<{ standings: Standings }>,
  ): Promise<PreflightReport> {
    const samples = await this.#deps.journal.loadTimes(this.#cluster.key, model.key, this.#deps.isSimulated);
    const memoryRecords = await this.#book.records(model.key);
    this.#remember(reports);
    this.#outlook.remember(model, reports);
    return preflightReport({
      model,
      plan,
      error,
      cluster: this.#cluster,
      reports,
      observation,
      estimate: estimateLoad(samples),
      memoryRecords,
      ...around,
      missingSecrets: missingSecrets(model.env, (name) => this.#deps.secrets.read(name)),
      catalogFault: this.#deps.catalog.current().fault,
    });
  }

  #remember(reports: readonly HostReport[]): void {
    const totals = reports.flatMap((report) => (report.reachable ? [report.facts.memTotalBytes] : []));
    if (totals.length > 0) this.#memTotalBytes = Math.min(...totals);
  }
}

type Trial = Readonly<{ model: Model; plan: LaunchPlan | null; error: SparkError | null }>;

/** The entry with other flags, and the plan that it gives, or what stands against one. */
function tried(model: Model, flags: Readonly<Record<string, unknown>> | null, cluster: Cluster): Trial {
  const checked = flags === null ? { flags: model.flags } : checkFlags(flags, '/flags');
  if ('issues' in checked) {
    const message = checked.issues.map((issue) => issue.message).join(' ');
    return { model, plan: null, error: new SparkError('INVALID_REQUEST', message, { details: { issues: checked.issues } }) };
  }
  const entry: Model = { ...model, flags: checked.flags };
  try {
    return { model: entry, plan: buildPlan(entry, cluster), error: null };
  } catch (error) {
    if (!isSparkError(error)) throw error;
    return { model: entry, plan: null, error };
  }
}
