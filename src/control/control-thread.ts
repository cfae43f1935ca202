import { type RunningRenewals, startRenewals } from '../change/acme/running.ts';
import { applyChange } from '../change/apply.ts';
import type { Change, Origin, Outcome } from '../change/change.ts';
import type { Conflict } from '../change/conflicts.ts';
import type { ChangeContext } from '../change/context.ts';
import { createJournalTenure, type JournalTenure } from '../change/journal-tenure.ts';
import { makeContext } from '../change/make-context.ts';
import { createOperations, type RunningOperations } from '../change/operations.ts';
import { resumeStanding } from '../change/resume.ts';
import { makeRuleEdits } from '../change/rule-edits.ts';
import type { Model } from '../model/model.ts';
import { buildModel } from './build.ts';
import { createOcspUpdates, type OcspUpdates } from './certificates/ocsp-updates.ts';
import { defaultThreads } from './default-threads.ts';
import { listen } from './listen.ts';
import { createLogForwards, type LogForwards } from './log-forward/log-forwards.ts';
import type { ProcessLogs } from './logs/logs.ts';
import { startLogs } from './logs/start-logs.ts';
import { openSections } from './open-sections.ts';
import { loadPatterns } from './patterns/load-patterns.ts';
import { createPeers, type RunningPeers } from './peers/peers.ts';
import { sharedTables } from './peers/stick-table.ts';
import { peersTls } from './peers/targets.ts';
import { createReloads, type ReloadResult } from './reload-files.ts';
import type { ProcessResolvers } from './resolvers/resolvers.ts';
import { type Sampling, startSampling } from './sampling.ts';
import { checkSavedSyns } from './saves-syn.ts';
import { createServerParts, watchServers } from './server-parts.ts';
import type { ServerStates } from './servers/server-states.ts';
import { stopTraffic } from './stop-traffic.ts';
import { sweepTables } from './sweep-tables.ts';
import { type TrafficSwitch, trafficSwitch } from './switch.ts';
import { createStateFiles, type SavedTable, type StateFiles } from './tables/state-files.ts';
import type { Threads } from './threads.ts';
import { trafficEvents } from './traffic-events.ts';
import { trafficThreads } from './traffic-threads.ts';
import type { ControlOptions, Health, Loaded, RunningControl, Texts } from './types.ts';
import { usesUring } from './uses-uring.ts';

/** The control thread at work, and the order in which its parts start and end. */
export class ControlThread implements RunningControl {
  readonly model: Model;
  readonly traffic: Threads;
  logs!: ProcessLogs;
  resolvers!: ProcessResolvers;
  health!: Health & { close(): void };
  states!: ServerStates;
  ocsp!: OcspUpdates;
  readonly peers: RunningPeers;
  readonly logForwards: LogForwards;
  readonly #stateFiles: StateFiles;
  readonly #reloads = createReloads();
  readonly reloads = this.#reloads.counts;
  readonly #ended = Promise.withResolvers<void>();
  readonly ended = this.#ended.promise;
  readonly #options: ControlOptions;
  readonly #switch: TrafficSwitch;
  #context!: ChangeContext;
  operations!: RunningOperations;
  renewals!: RunningRenewals;
  #onEvent!: ReturnType<typeof trafficEvents>;
  readonly #tenure: JournalTenure;
  readonly #conflicts: Conflict[] = [];
  /** A process that takes over has what this one knows of stick tables. */
  #handedOver: Promise<void> = Promise.resolve();
  #sampling: Sampling | null = null;
  #endSweeping: () => void = () => {};
  /** How traffic threads begin; `chroot`: the root of their file system. */
  readonly #beginning: { chroot: string | null; holding: boolean; uring: boolean };
  readonly #onError = (error: unknown): void => {
    if (this.model.stopping) return;
    this.#options.print('WARNING', error instanceof Error ? error.message : String(error));
  };

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#beginning = { chroot: null, holding: options.hold === true, uring: false };
    const { config, print } = options;
    this.model = buildModel(config, config.global.nbthread ?? defaultThreads(), Date.now());
    this.model.startupLogs = options.startupLogs;
    this.#tenure = createJournalTenure({ journal: options.journal, take: options.takeJournal, print });
    this.traffic = trafficThreads({
      ...{ model: this.model, print },
      start: () => this.#beginning,
      onEvent: (thread, event) => this.#onEvent(thread, event),
      onError: this.#onError,
    });
    this.#switch = trafficSwitch(this.traffic);
    const after = { awaitsOldProcess: options.replaces ?? false, warn: (text: string) => print('WARNING', text) };
    this.peers = createPeers({
      ...after,
      tls: peersTls(this.model),
      tablesOf: (section) => sharedTables(this.model.tables, section),
    });
    this.logForwards = createLogForwards(() => this.logs);
    this.#stateFiles = createStateFiles({ ...after, tables: this.model.tables });
  }

  async start(): Promise<void> {
    const { model, traffic } = this;
    const ours = await this.#tenure.begin();
    const { print } = this.#options;
    this.logs = await startLogs(model, print);
    const parts = { model, traffic: this.#switch, logs: this.logs };
    const care = await createServerParts({ ...parts, print, onError: this.#onError });
    ({ states: this.states, resolvers: this.resolvers, health: this.health } = care);
    const reload = (origin: Origin) => this.#reload(origin);
    this.#context = await makeContext({ ...parts, ...care }, this.#tenure, this.#options, reload);
    model.counters.onChunk((chunk) => void traffic.ask({ kind: 'chunk', chunk }).catch(this.#onError));
    this.#onEvent = this.#events();
    await loadPatterns(model, traffic);
    await this.#stateFiles.load();
    this.#beginning.uring = usesUring(model.config.global, print);
    checkSavedSyns(model.config, print);
    await traffic.start();
    const told = await resumeStanding(this.#context, ours ? this.#conflicts : null);
    for (const text of told) print('NOTICE', `${text}.`);
    this.operations = createOperations(this.#context, this.#conflicts);
    this.renewals = startRenewals(this.#context);
    await listen(model, traffic, this.#options.inherited);
    await openSections([this.peers, this.logForwards], model.config);
    watchServers(model, this);
    this.ocsp = createOcspUpdates({ model, traffic, log: (level, text) => this.logs.send(null, level, text) });
    this.#sampling = startSampling(model);
    this.#endSweeping = sweepTables(model.tables);
    if (!ours) void this.#succeed();
  }

  async #succeed(): Promise<void> {
    if (await this.#tenure.succeed(this.#context, this.#conflicts)) this.operations.leasesChanged();
  }

  /** Once the Changes that were asked for before are recorded, there are no others. */
  #retire(): Promise<void> {
    return this.#tenure.retire(this.#context, () => {
      this.operations.close();
      this.renewals.close();
    });
  }

  #events(): ReturnType<typeof trafficEvents> {
    const { model, traffic, logs, health, resolvers } = this;
    const { render } = this.#options;
    return trafficEvents({
      ...{ model, traffic, logs, health, resolvers },
      editPatterns: (edits) => makeRuleEdits(edits, this.#context),
      render: async (request) => {
        if (render === null) throw new Error('no service is set up');
        return render(this, request);
      },
      allIdle: () => void this.#handedOver.then(() => this.#ended.resolve()),
      onError: this.#onError,
    });
  }

  async admit(): Promise<void> {
    this.#beginning.holding = false;
    await this.traffic.ask({ kind: 'admit' });
  }

  /** Makes `folder` the root of the file system for all traffic threads, those that replace others included. Rejects with the system's error. */
  async confine(folder: string): Promise<void> {
    await this.traffic.ask({ kind: 'confine', folder });
    this.#beginning.chroot = folder;
  }

  get idlePercent(): number {
    return this.#sampling?.idlePercent ?? 100;
  }

  apply(change: Change, origin: Origin): Promise<Outcome> {
    return applyChange(change, this.#context, origin);
  }

  async reload(origin: Origin): Promise<ReloadResult> {
    const { ok, text } = await this.apply({ kind: 'config.reload' }, origin);
    return { ok, text };
  }

  saveTables(): Promise<readonly SavedTable[]> {
    return this.#stateFiles.saveNow();
  }

  check(texts: Texts): Promise<Loaded> {
    return this.#options.load(texts);
  }

  get isPoliced(): boolean {
    return this.#context.gate() !== null;
  }

  async permits(changes: readonly Change[], origin: Origin): Promise<string | null> {
    const decision = await this.#context.gate()?.decide(changes, origin, new Date());
    return decision === undefined || decision.kind === 'allow' ? null : decision.text;
  }

  prepare(texts: Texts, loaded: Loaded): void {
    this.#reloads.prepare(texts, loaded);
  }

  #reload(origin: Origin): Promise<ReloadResult> {
    const { model, traffic, states, health, resolvers, logs, peers, logForwards } = this;
    const host = {
      ...{ options: this.#options, peers, logForwards, context: this.#context, conflicts: this.#conflicts },
      parts: { model, traffic, states, health, resolvers, logs },
      configured: async () => {
        await this.#stateFiles.reloaded();
        this.renewals.configured();
        this.ocsp.refresh();
      },
    };
    return this.#reloads.reload(host, origin);
  }

  async stop(soft: boolean): Promise<void> {
    if (this.model.stopping) return;
    this.model.stopping = true;
    if (soft) void this.#retire();
    const { grace, hardStopAfter } = this.model.config.global;
    // `grace`: whoever asks is told of the stop before connections are refused.
    if (soft && grace > 0) await new Promise<void>((resolve) => setTimeout(resolve, grace));
    // Threads without anything to do tell so before they answer.
    if (soft) this.#handedOver = Promise.all([this.peers.handOver(), this.#stateFiles.save()]).then(() => {});
    this.logForwards.close();
    await stopTraffic(this.model, this.traffic, soft);
    if (!soft) this.#ended.resolve();
    else if (hardStopAfter !== null) setTimeout(() => this.#ended.resolve(), hardStopAfter).unref();
  }

  async close(): Promise<void> {
    this.model.stopping = true;
    this.#tenure.endWaiting();
    this.#sampling?.close();
    this.#endSweeping();
    this.operations?.close();
    this.peers.close();
    this.logForwards.close();
    this.renewals?.close();
    this.health?.close();
    this.resolvers?.close();
    this.ocsp?.close();
    this.states?.close();
    this.#stateFiles.close();
    await this.traffic.close();
    await this.#stateFiles.save();
    await this.logs?.close();
    await this.#tenure.close();
    this.#ended.resolve();
  }
}
