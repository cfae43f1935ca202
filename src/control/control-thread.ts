import { type RunningRenewals, startRenewals } from '../change/acme/running.ts';
import { applyChange } from '../change/apply.ts';
import type { Change, Origin, Outcome } from '../change/change.ts';
import type { Conflict } from '../change/conflicts.ts';
import type { ChangeContext } from '../change/context.ts';
import { keeper, secretsOnly } from '../change/journal/keeper.ts';
import { memoryStore } from '../change/journal/kept-store.ts';
import { createJournalTenure, type JournalTenure } from '../change/journal-tenure.ts';
import { createOperations, type RunningOperations } from '../change/operations.ts';
import { resumeStanding } from '../change/resume.ts';
import { makeRuleEdits } from '../change/rule-edits.ts';
import { standingAtStart } from '../change/standing-at-start.ts';
import type { Model } from '../model/model.ts';
import { buildModel, proxyView } from './build.ts';
import { createOcspUpdates, type OcspUpdates } from './certificates/ocsp-updates.ts';
import { createHealth } from './checks/health.ts';
import { closeKept } from './kept-sockets.ts';
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
import { resolverEffects } from './resolver-effects.ts';
import { createResolvers, type ProcessResolvers } from './resolvers/resolvers.ts';
import { type Sampling, startSampling } from './sampling.ts';
import { checkSavedSyns } from './saves-syn.ts';
import { prepareServers, restoreServers } from './servers/prepare-servers.ts';
import { createServerStates, type ServerStates } from './servers/server-states.ts';
import { sweepTables } from './sweep-tables.ts';
import { type TrafficSwitch, trafficSwitch } from './switch.ts';
import { createStateFiles, type SavedTable, type StateFiles } from './tables/state-files.ts';
import type { Threads } from './threads.ts';
import { trafficEvents } from './traffic-events.ts';
import { trafficThreads } from './traffic-threads.ts';
import type { ControlOptions, Health, Loaded, RunningControl, Texts } from './types.ts';
import { usesUring } from './uses-uring.ts';

/** Threads when `nbthread` does not say: the cores that the process may use. */
function defaultThreads(): number {
  return Math.min(64, Math.max(1, navigator.hardwareConcurrency));
}

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
  readonly ended: Promise<void>;
  readonly #options: ControlOptions;
  readonly #switch: TrafficSwitch;
  #context!: ChangeContext;
  operations!: RunningOperations;
  renewals!: RunningRenewals;
  #onEvent!: ReturnType<typeof trafficEvents>;
  readonly #tenure: JournalTenure;
  readonly #conflicts: Conflict[] = [];
  #end!: () => void;
  /** A process that takes over has what this one knows of stick tables. */
  #handedOver: Promise<void> = Promise.resolve();
  #sampling: Sampling | null = null;
  #endSweeping: () => void = () => {};
  #holding: boolean;
  /** The root of the file system for traffic threads. */
  #chroot: string | null = null;
  #uring = false;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#holding = options.hold === true;
    const threads = options.config.global.nbthread ?? defaultThreads();
    this.model = buildModel(options.config, threads, Date.now());
    this.model.startupLogs = options.startupLogs;
    const { print } = options;
    this.#tenure = createJournalTenure({ journal: options.journal, take: options.takeJournal, print });
    this.traffic = trafficThreads({
      ...{ model: this.model, print },
      start: () => ({ chroot: this.#chroot, holding: this.#holding, uring: this.#uring }),
      onEvent: (thread, event) => this.#onEvent(thread, event),
      onError: (error) => this.#onError(error),
    });
    this.#switch = trafficSwitch(this.traffic);
    this.peers = createPeers({
      tablesOf: (section) => sharedTables(this.model.tables, section),
      awaitsOldProcess: options.replaces ?? false,
      tls: peersTls(this.model),
      warn: (text) => options.print('WARNING', text),
    });
    this.logForwards = createLogForwards(() => this.logs);
    this.#stateFiles = createStateFiles({
      tables: this.model.tables,
      warn: (text) => print('WARNING', text),
      awaitsOldProcess: options.replaces ?? false,
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async start(): Promise<void> {
    const { model, traffic } = this;
    const ours = await this.#tenure.begin();
    const { print } = this.#options;
    this.logs = await startLogs(model, print);
    const saved = await prepareServers(model, this.logs, print);
    this.states = createServerStates({
      model,
      traffic: this.#switch,
      logs: this.logs,
      console: print,
      onError: (error) => this.#onError(error),
    });
    restoreServers(saved, this.states, print);
    this.resolvers = createResolvers(model.config, resolverEffects(this.states));
    this.health = createHealth({ model, states: this.states });
    this.#context = await this.#contextOfChanges();
    model.counters.onChunk(
      (chunk) => void traffic.ask({ kind: 'chunk', chunk }).catch((error) => this.#onError(error)),
    );
    this.#onEvent = this.#events();
    await loadPatterns(model, traffic);
    await this.#stateFiles.load();
    this.#uring = usesUring(model.config.global, print);
    checkSavedSyns(model.config, print);
    await traffic.start();
    const told = await resumeStanding(this.#context, ours ? this.#conflicts : null);
    for (const text of told) print('NOTICE', `${text}.`);
    this.operations = createOperations(this.#context, this.#conflicts);
    this.renewals = startRenewals(this.#context);
    await listen(model, traffic, this.#options.inherited);
    await openSections([this.peers, this.logForwards], model.config);
    for (const proxy of model.proxies) {
      for (const server of proxy.servers) {
        this.resolvers.watch(server);
        this.health.start(server);
      }
    }
    this.ocsp = createOcspUpdates({
      model,
      traffic,
      log: (level, text) => this.logs.send(null, level, text),
    });
    this.#sampling = startSampling(model);
    this.#endSweeping = sweepTables(model.tables);
    if (!ours) void this.#succeed();
  }

  async #contextOfChanges(): Promise<ChangeContext> {
    const { model, states, health, resolvers, logs } = this;
    const { goOn = false, policy, print } = this.#options;
    const { journal, retired } = this.#tenure;
    return {
      ...{ model, traffic: this.#switch, states, health, resolvers, logs, journal, retired, goOn },
      keeper: this.#options.keeper ?? keeper(memoryStore(), secretsOnly),
      standing: await standingAtStart(journal, goOn, print),
      gate: () => policy?.gate ?? null,
      hooks: { reload: (origin) => this.#reload(origin), proxyView },
    };
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
      allIdle: () => void this.#handedOver.then(() => this.#end()),
      onError: (error) => this.#onError(error),
    });
  }

  async admit(): Promise<void> {
    this.#holding = false;
    await this.traffic.ask({ kind: 'admit' });
  }

  /** Makes `folder` the root of the file system for all traffic threads, those that replace others included. Rejects with the system's error. */
  async confine(folder: string): Promise<void> {
    await this.traffic.ask({ kind: 'confine', folder });
    this.#chroot = folder;
  }

  #onError(error: unknown): void {
    if (this.model.stopping) return;
    this.#options.print('WARNING', error instanceof Error ? error.message : String(error));
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
    await this.traffic.ask({ kind: 'stop', soft });
    for (const { listeners } of this.model.proxies) for (const listener of listeners) closeKept(listener);
    if (!soft) this.#end();
    else if (hardStopAfter !== null) setTimeout(() => this.#end(), hardStopAfter).unref();
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
    this.#end();
  }
}
