import { readFile } from 'node:fs/promises';
import { type RunningRenewals, startRenewals } from '../change/acme/running.ts';
import { applyChange, inTurn } from '../change/apply.ts';
import type { Change, Origin, Outcome } from '../change/change.ts';
import type { Conflict } from '../change/conflicts.ts';
import type { ChangeContext } from '../change/context.ts';
import type { Journal } from '../change/journal/journal.ts';
import { memoryJournal } from '../change/journal/memory.ts';
import { takeSnapshot } from '../change/layers/differences.ts';
import { createOperations, type RunningOperations } from '../change/operations.ts';
import type { PolicyInForce } from '../change/policy/in-force.ts';
import { resumeStanding, settleReload } from '../change/resume.ts';
import { makeRuleEdits } from '../change/rule-edits.ts';
import { isDeleted, noneStanding, type Standing, standingOf } from '../change/standing.ts';
import { succeed } from '../change/succession.ts';
import { diagnosticLine } from '../config/diagnostics.ts';
import { decodeText } from '../config/text.ts';
import type { Config, Diagnostic } from '../config/types.ts';
import { tlsState } from '../model/certificates/make-views.ts';
import { C, G } from '../model/counters.ts';
import type {
  PatternEdit,
  ProcVarEdit,
  RenderedView,
  RenderRequest,
  ThreadInit,
  TrafficEvent,
} from '../model/messages.ts';
import type { Model } from '../model/model.ts';
import { resolveBindNames } from './bind-names.ts';
import { buildModel, proxyView } from './build.ts';
import { createOcspUpdates, type OcspUpdates } from './certificates/ocsp-updates.ts';
import { createHealth } from './checks/health.ts';
import { closeKept } from './kept-sockets.ts';
import { configuredListeners, restoreListeners, startListeners } from './listeners.ts';
import { prepareLogs } from './logs/addresses.ts';
import { lineText } from './logs/format.ts';
import { createLogs, type ProcessLogs } from './logs/logs.ts';
import { createPeers, type RunningPeers } from './peers/peers.ts';
import { sharedTables } from './peers/stick-table.ts';
import { recount } from './recount.ts';
import { applyReload } from './reload.ts';
import { resolverEffects } from './resolver-effects.ts';
import { resolveInitialAddresses } from './resolvers/initial-addresses.ts';
import { createResolvers, type ProcessResolvers } from './resolvers/resolvers.ts';
import type { StateEffects } from './servers/effects.ts';
import { createServerStates, type ServerStates } from './servers/server-states.ts';
import { startServers } from './servers/start.ts';
import { linkTracking } from './servers/tracking.ts';
import { readSavedStates, type SavedStates } from './state-file/load.ts';
import { restoreName, restoreServer } from './state-file/restore.ts';
import { sweepTables } from './sweep-tables.ts';
import { type TrafficSwitch, trafficSwitch } from './switch.ts';
import { createStateFiles, type StateFiles } from './tables/state-files.ts';
import { Threads } from './threads.ts';
import type { Control, Health, Loaded, Texts } from './types.ts';

/** How a control thread is started. */
export interface ControlOptions {
  readonly config: Config;
  /** Reads the configuration files again, for a reload; or these texts in their place. */
  load(texts?: Texts): Promise<Loaded>;
  /** Prints a line as HAProxy does on stderr: `[WARNING]  (pid) : text`. */
  print(severity: 'NOTICE' | 'WARNING' | 'ALERT', text: string): void;
  /** Formats diagnostics as a start prints them. */
  format(diagnostics: readonly Diagnostic[]): string;
  /** Makes the answers of services that traffic threads pass on (statistics page, exporter); null: there are none. */
  readonly render: ((control: Control, request: RenderRequest) => Promise<RenderedView>) | null;
  /** Listening sockets taken over from another process, by address. */
  readonly inherited?: ReadonlyMap<string, readonly number[]>;
  /** Called when a reload has put another configuration in force. Resolves to what operators should know. */
  reconfigure?(config: Config): Promise<readonly string[]>;
  /** Clients wait until `admit`. */
  readonly hold?: boolean;
  /** Another process is told to end once this one serves: it may teach stick tables before. */
  readonly replaces?: boolean;
  /** What the start printed before (`show startup-logs`). */
  readonly startupLogs: string;
  /** Where Changes are recorded; by itself in memory. */
  readonly journal?: Journal;
  /**
   * Gets the journal from the process that this one replaces; false while that one has it still. Until then it can be read.
   * Rejects with JournalError.
   */
  takeJournal?(): Promise<boolean>;
  /** Changes are made although they cannot be recorded. */
  readonly goOn?: boolean;
  /** What people may do; left out, nobody is asked for more than the level of his socket. */
  readonly policy?: PolicyInForce;
}

/** The control thread at work. */
export interface RunningControl extends Control {
  /** What the configuration files would give if they said this. */
  check(texts: Texts): Promise<Loaded>;
  /** Spares the next reload the reading of files that say this: `loaded` is what they give. */
  prepare(texts: Texts, loaded: Loaded): void;
  /** Resolves when a soft stop has come to its end. */
  readonly ended: Promise<void>;
  /** Makes `folder` the root of the file system for all traffic threads, now and later. Rejects with the system's error. */
  confine(folder: string): Promise<void>;
  /** Serves the clients that wait, and others from now on. */
  admit(): Promise<void>;
  /** Ends everything at once. */
  close(): Promise<void>;
}

/** Why a start was given up: lines for the operator, without the `[ALERT]` in front. */
export class StartError extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** Syslog levels. */
const NOTICE = 5;
const EMERGENCY = 0;

/** What Changes are answered once the journal was let go. */
const RETIRED =
  'this process is stopping and has let go of its journal: nothing was changed; connect again to reach the process that takes over';

/** Threads when `nbthread` does not say: the cores that the process may use. */
function defaultThreads(): number {
  return Math.min(64, Math.max(1, navigator.hardwareConcurrency));
}

/**
 * Starts a load balancer: model, traffic threads, logs, resolvers, checks, and at last the listeners. Rejects with a StartError
 * when an address cannot be bound; nothing is left running then.
 */
export async function startControl(options: ControlOptions): Promise<RunningControl> {
  const resolved = await resolveBindNames(options.config);
  if ('problems' in resolved) throw new StartError(resolved.problems);
  const control = new ControlThread({ ...options, config: resolved.config });
  try {
    await control.start();
  } catch (error) {
    await control.close();
    throw error;
  }
  return control;
}

class ControlThread implements RunningControl {
  readonly model: Model;
  readonly traffic: Threads;
  logs!: ProcessLogs;
  resolvers!: ProcessResolvers;
  health!: Health & { close(): void };
  states!: ServerStates;
  ocsp!: OcspUpdates;
  readonly peers: RunningPeers;
  readonly #stateFiles: StateFiles;
  readonly reloads = { done: 0, failed: 0 };
  readonly ended: Promise<void>;
  readonly #options: ControlOptions;
  /** What the next reload will find, when it finds these texts. */
  #prepared: { readonly texts: Texts; readonly loaded: Loaded } | null = null;
  readonly #switch: TrafficSwitch;
  #context!: ChangeContext;
  operations!: RunningOperations;
  renewals!: RunningRenewals;
  #idleThreads = new Set<number>();
  readonly #journal: Journal;
  readonly #conflicts: Conflict[] = [];
  #end!: () => void;
  /** Ends the waiting for the journal of the process before. */
  readonly #waiting = new AbortController();
  #retired: string | null = null;
  /** A process that takes over has what this one knows of stick tables. */
  #handedOver: Promise<void> = Promise.resolve();
  #sampler: NodeJS.Timeout | null = null;
  #endSweeping: () => void = () => {};
  #holding: boolean;
  /** The root of the file system for traffic threads. */
  #chroot: string | null = null;
  #lastUse = performance.eventLoopUtilization();
  idlePercent = 100;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#holding = options.hold === true;
    this.#journal = options.journal ?? memoryJournal();
    const threads = options.config.global.nbthread ?? defaultThreads();
    this.model = buildModel(options.config, threads, Date.now());
    this.model.startupLogs = options.startupLogs;
    this.traffic = new Threads(threads, {
      init: (thread) => this.#init(thread),
      onEvent: (thread, event) => this.#onEvent(thread, event),
      onLost: (thread, why) => {
        this.model.tables.lost(thread);
        this.#options.print('ALERT', `traffic thread ${thread} was lost: ${why}`);
      },
      onReplaced: (thread) => {
        this.model.patterns.released(thread, null);
        void this.#onReplaced(thread);
      },
    });
    this.#switch = trafficSwitch(this.traffic);
    this.peers = createPeers({
      tablesOf: (section) => sharedTables(this.model.tables, section),
      awaitsOldProcess: options.replaces ?? false,
    });
    this.#stateFiles = createStateFiles({
      tables: this.model.tables,
      warn: (text) => options.print('WARNING', text),
      awaitsOldProcess: options.replaces ?? false,
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async start(): Promise<void> {
    const { model, traffic } = this;
    const ours = await this.#takeJournal();
    await this.#startLogs();
    this.#linkServers();
    const saved = this.#readSavedStates();
    await this.#resolveServers(saved);
    startServers(model);
    this.states = createServerStates({
      model,
      traffic: this.#switch,
      logs: this.logs,
      console: (severity, text) => this.#options.print(severity, text),
      onError: (error) => this.#onError(error),
    });
    this.#restoreServers(saved);
    this.resolvers = createResolvers(model.config, resolverEffects(this.states));
    this.health = createHealth({ model, states: this.states });
    this.#context = {
      model,
      traffic: this.#switch,
      states: this.states,
      health: this.health,
      resolvers: this.resolvers,
      logs: this.logs,
      journal: this.#journal,
      goOn: this.#options.goOn ?? false,
      standing: await this.#standing(),
      gate: () => this.#options.policy?.gate ?? null,
      retired: () => this.#retired,
      hooks: { reload: (origin) => this.#reload(origin), proxyView },
    };
    model.counters.onChunk(
      (chunk) => void traffic.ask({ kind: 'chunk', chunk }).catch((error) => this.#onError(error)),
    );
    await this.#loadPatterns();
    await this.#stateFiles.load();
    await traffic.start();
    const told = await resumeStanding(this.#context, ours ? this.#conflicts : null);
    for (const text of told) this.#options.print('NOTICE', `${text}.`);
    this.operations = createOperations(this.#context, this.#conflicts);
    this.renewals = startRenewals(this.#context);
    const failures = await startListeners(traffic, configuredListeners(model), this.#options.inherited);
    if (failures.length > 0) {
      throw new StartError(
        failures.map(
          ({ proxy, listener: { config: bind }, reason }) =>
            `Binding [${bind.at.file}:${bind.at.line}] for proxy ${proxy.name}: ${reason}`,
        ),
      );
    }
    const peers = await this.peers.stage(model.config);
    if ('problems' in peers) throw new StartError(peers.problems);
    peers.commit();
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
    this.#sampler = setInterval(() => this.#sample(), 1000).unref();
    this.#endSweeping = sweepTables(model.tables);
    if (!ours) void this.#succeed();
  }

  /** Whether the journal is this process's own; when nobody can tell, reading it tells why. */
  async #takeJournal(): Promise<boolean> {
    return (await this.#options.takeJournal?.().catch(() => true)) ?? true;
  }

  async #succeed(): Promise<void> {
    await succeed(this.#context, this.#conflicts, {
      take: () => this.#options.takeJournal!(),
      print: (severity, text) => this.#options.print(severity, text),
      signal: this.#waiting.signal,
    });
    if (!this.#waiting.signal.aborted) this.operations.leasesChanged();
  }

  /**
   * Lets the journal go, for the process that takes over, once the Changes that were asked for before are recorded. Without one on disk
   * there is nothing to hand over.
   */
  async #retire(): Promise<void> {
    if (this.#options.journal === undefined) return;
    this.#waiting.abort();
    await inTurn(this.#context, async () => {
      this.#retired = RETIRED;
      this.operations.close();
      this.renewals.close();
      await this.#journal.close();
    });
  }

  /** Fills the patterns before any thread is there to read them. */
  async #loadPatterns(): Promise<void> {
    const { patterns, config } = this.model;
    patterns.follow({
      announce: (chunk) => this.traffic.ask({ kind: 'pattern-chunk', chunk }).catch(() => undefined),
      turn: () => this.traffic.ask({ kind: 'turn' }),
      threads: this.model.threads,
    });
    (await patterns.stage(config.patterns ?? [])).commit();
  }

  /** What stood when the process before ended. */
  async #standing(): Promise<Standing> {
    try {
      return await standingOf(this.#journal);
    } catch (error) {
      const text = `${(error as Error).message}: overrides are not in force`;
      if (!this.#options.goOn) throw new StartError([`${text}; repair that, or start with --journal-trouble go-on`]);
      this.#options.print('WARNING', `${text}.`);
      return noneStanding();
    }
  }

  async #startLogs(): Promise<void> {
    const { addresses, diagnostics } = await prepareLogs(this.model.config);
    const alerts = diagnostics.filter((d) => d.severity === 'alert');
    if (alerts.length > 0) throw new StartError(alerts.map(diagnosticLine));
    for (const diagnostic of diagnostics) this.#options.print('WARNING', diagnosticLine(diagnostic));
    this.logs = createLogs(this.model.config, addresses, { proxyById: (id) => this.model.proxiesById.get(id) });
  }

  #readSavedStates(): SavedStates {
    const saved = readSavedStates(this.model);
    for (const { severity, text, proxy } of saved.remarks) {
      const owner = proxy === undefined ? '' : `Proxy '${proxy.name}': `;
      this.#options.print(severity, `config : ${owner}${text}`);
      if (proxy !== undefined) this.logs.send(proxy, NOTICE, text);
    }
    return saved;
  }

  /** States of servers that files have from a process before this one. */
  #restoreServers({ lines }: SavedStates): void {
    const warn = (text: string) => this.#options.print('WARNING', `config : ${text}`);
    const fx: StateEffects = {
      ...this.states,
      // Nobody can miss a backend before the start is over.
      console: (severity, text) => severity === 'WARNING' && warn(text),
      log: (proxy, level, text) => level > EMERGENCY && this.states.log(proxy, level, text),
    };
    for (const [server, line] of lines) {
      const problem = restoreServer(fx, server, line);
      if (problem !== null) warn(problem);
    }
  }

  async #resolveServers({ lines }: SavedStates): Promise<void> {
    const servers = this.model.proxies.flatMap((proxy) => proxy.servers);
    const addresses = new Map([...lines].map(([server, line]) => [server, restoreName(server, line)]));
    const told = await resolveInitialAddresses(servers, { last: (server) => addresses.get(server) ?? null });
    const alerts = told.filter((d) => d.severity === 'alert');
    if (alerts.length > 0) throw new StartError(alerts.map(diagnosticLine));
    for (const diagnostic of told) this.#options.print('WARNING', diagnosticLine(diagnostic));
  }

  #linkServers(): void {
    const problems: string[] = [];
    for (const proxy of this.model.proxies) {
      for (const server of proxy.servers) {
        const problem = linkTracking(this.model, server);
        if (problem !== null)
          problems.push(`[${server.config.at.file}:${server.config.at.line}] : '${server.path}' : ${problem}`);
      }
    }
    if (problems.length > 0) throw new StartError(problems);
  }

  #init(thread: number): ThreadInit {
    const { model } = this;
    return {
      thread,
      threads: model.threads,
      rows: model.counters.rows,
      chunks: model.counters.chunks,
      processSlot: model.processSlot,
      patterns: model.patterns.view(),
      tables: model.tables.viewFor(thread),
      tls: tlsState(model.certificates),
      global: model.config.global,
      httpErrors: model.config.httpErrors,
      logProfiles: model.config.logProfiles,
      userlists: model.config.userlists,
      caches: model.caches,
      files: model.config.files ?? {},
      proxies: model.proxies.map(proxyView),
      limits: model.limits,
      startedAt: model.startedAt,
      chroot: this.#chroot,
      holding: this.#holding,
    };
  }

  #onEvent(thread: number, event: TrafficEvent): void {
    switch (event.kind) {
      case 'log':
        this.logs.sendBatch(event.lines);
        return;
      case 'server.error':
      case 'server.success': {
        const server = this.model.proxiesById.get(event.proxy)?.serversById.get(event.server);
        if (server !== undefined)
          this.health.report(
            server,
            event.layer,
            event.kind === 'server.error',
            event.kind === 'server.error' ? event.count : 1,
          );
        return;
      }
      case 'proc-vars':
        this.#onRuleVars(thread, event.vars, event.dropped);
        return;
      case 'pattern-edits':
        void this.#onRuleEdits(thread, event.edits, event.dropped);
        return;
      case 'queue.wake':
        this.traffic
          .askOne(event.thread, { kind: 'queue.wake', proxy: event.proxy, server: event.server })
          .catch((error) => this.#onError(error));
        return;
      case 'debug':
        (this.logs.rings.get(event.ring || 'buf0') ?? this.logs.rings.get('stderr'))?.write(lineText(event.line));
        return;
      case 'resolve':
        this.resolvers.lookUp(event.section, event.name, event.prefer, (address) => {
          this.traffic
            .askOne(thread, { kind: 'resolved', request: event.request, address })
            .catch((error) => this.#onError(error));
        });
        return;
      case 'render':
        void this.#render(thread, event);
        return;
      case 'patterns.released':
        this.model.patterns.released(thread, event.header);
        return;
      case 'idle':
        this.#idleThreads.add(thread);
        if (this.#idleThreads.size === this.model.threads) void this.#handedOver.then(() => this.#end());
        return;
      default:
        return;
    }
  }

  /** Rules have set variables of the process: all threads get them, in the order in which they came here. */
  #onRuleVars(thread: number, vars: readonly ProcVarEdit[], dropped: number): void {
    for (const { name, value } of vars) {
      if (value === null) this.model.procVars.delete(name);
      else this.model.procVars.set(name, value);
    }
    this.#warnDropped(dropped, 'variables of the process');
    this.traffic.ask({ kind: 'proc-vars', vars }).catch((error) => this.#onError(error));
    this.#madeForRules(thread, 'proc-vars');
  }

  async #onRuleEdits(thread: number, edits: readonly PatternEdit[], dropped: number): Promise<void> {
    this.#warnDropped(dropped, 'maps and ACLs');
    await makeRuleEdits(edits, this.#context).catch((error) => this.#onError(error));
    this.#madeForRules(thread, 'pattern-edits');
  }

  #madeForRules(thread: number, what: 'pattern-edits' | 'proc-vars'): void {
    this.traffic.askOne(thread, { kind: 'made', what }).catch((error) => this.#onError(error));
  }

  #warnDropped(dropped: number, of: string): void {
    if (dropped > 0)
      this.#onError(
        new Error(`${dropped} edits of ${of} by rules were dropped: they came faster than they can be made`),
      );
  }

  async #render(thread: number, request: RenderRequest): Promise<void> {
    let view: RenderedView;
    try {
      if (this.#options.render === null) throw new Error('no service is set up');
      view = await this.#options.render(this, request);
    } catch (error) {
      this.#onError(error);
      view = { status: 500, headers: [], body: '' };
    }
    this.traffic
      .askOne(thread, { kind: 'rendered', request: request.request, view })
      .catch((error) => this.#onError(error));
  }

  /** A thread was replaced: the new one must listen as the old one did. */
  async #onReplaced(thread: number): Promise<void> {
    recount(this.traffic, this.model.counters).catch((error) => this.#onError(error));
    try {
      if (this.model.stopping) {
        await this.traffic.askOne(thread, { kind: 'stop', soft: true });
        return;
      }
      const failed = await restoreListeners(this.traffic, this.model, thread);
      for (const reason of failed)
        this.#options.print('ALERT', `traffic thread ${thread} does not listen for ${reason}`);
    } catch (error) {
      this.#onError(error);
    }
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

  #sample(): void {
    const use = performance.eventLoopUtilization(this.#lastUse);
    this.#lastUse = performance.eventLoopUtilization();
    this.idlePercent = Math.round((1 - use.utilization) * 100);
    if (this.model.threads > 1) this.#notePeaks();
  }

  /** Maxima of the rates of the second that is over, over all threads. */
  #notePeaks(): void {
    const { counters, proxies, processSlot } = this.model;
    const second = Math.floor(Date.now() / 1000) - 1;
    counters.notePeak(processSlot, C.connRate, G.connRateMax, second);
    counters.notePeak(processSlot, C.sessRate, G.sessRateMax, second);
    for (const { frontendSlot, backendSlot, servers } of proxies) {
      if (frontendSlot >= 0) {
        counters.notePeak(frontendSlot, C.connRate, G.connRateMax, second);
        counters.notePeak(frontendSlot, C.sessRate, G.sessRateMax, second);
        counters.notePeak(frontendSlot, C.reqRate, G.reqRateMax, second);
      }
      if (backendSlot >= 0) counters.notePeak(backendSlot, C.sessRate, G.sessRateMax, second);
      for (const server of servers) counters.notePeak(server.slot, C.sessRate, G.sessRateMax, second);
    }
  }

  apply(change: Change, origin: Origin): Promise<Outcome> {
    return applyChange(change, this.#context, origin);
  }

  async reload(origin: Origin): Promise<{ readonly ok: boolean; readonly text: string }> {
    const { ok, text } = await this.apply({ kind: 'config.reload' }, origin);
    return { ok, text };
  }

  check(texts: Texts): Promise<Loaded> {
    return this.#options.load(texts);
  }

  prepare(texts: Texts, loaded: Loaded): void {
    this.#prepared = { texts, loaded };
  }

  /** What was prepared, if that is what the files say. */
  async #takePrepared(): Promise<Loaded | null> {
    const prepared = this.#prepared;
    this.#prepared = null;
    if (prepared === null) return null;
    const asRead = await Promise.all(prepared.texts.map(({ name }) => readFile(name).catch(() => null)));
    const isSame = prepared.texts.every(({ text }, i) => asRead[i] !== null && decodeText(asRead[i]!).text === text);
    return isSame ? prepared.loaded : null;
  }

  #refused(text: string, problems: readonly string[]): { readonly ok: false; readonly text: string } {
    this.reloads.failed++;
    return { ok: false, text: text + problems.map((problem) => `[ALERT]    (${process.pid}) : ${problem}\n`).join('') };
  }

  async #reload(origin: Origin): Promise<{ readonly ok: boolean; readonly text: string }> {
    const before = takeSnapshot(this.model);
    const { config: loaded, diagnostics } = (await this.#takePrepared()) ?? (await this.#options.load());
    let text = this.#options.format(diagnostics);
    if (loaded === null) {
      this.reloads.failed++;
      return { ok: false, text };
    }
    const resolved = await resolveBindNames(loaded);
    if ('problems' in resolved) return this.#refused(text, resolved.problems);
    const { config } = resolved;
    const policy = this.#options.policy?.reread() ?? null;
    if (policy !== null && 'problems' in policy) return this.#refused(text, policy.problems);
    const peers = await this.peers.stage(config);
    if ('problems' in peers) return this.#refused(text, peers.problems);
    const { problems, warnings } = await applyReload(config, {
      model: this.model,
      traffic: this.traffic,
      states: this.states,
      health: this.health,
      resolvers: this.resolvers,
      logs: this.logs,
      isDeleted: (backend, server) => isDeleted(backend, server, this.#context.standing),
    });
    if (problems.length > 0) {
      peers.abandon();
      return this.#refused(text, problems);
    }
    peers.commit();
    await this.#stateFiles.reloaded();
    policy?.take();
    this.renewals.configured();
    const sockets = (await this.#options.reconfigure?.(config)) ?? [];
    warnings.push(...(await settleReload(before, this.#context, this.#conflicts, origin)));
    const told = [...warnings, ...sockets.map((warning) => `config : ${warning}`)];
    text += told.map((warning) => `[WARNING]  (${process.pid}) : ${warning}\n`).join('');
    this.ocsp.refresh();
    this.reloads.done++;
    this.model.startupLogs = text;
    return { ok: true, text };
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
    await this.traffic.ask({ kind: 'stop', soft });
    for (const { listeners } of this.model.proxies) for (const listener of listeners) closeKept(listener);
    if (!soft) this.#end();
    else if (hardStopAfter !== null) setTimeout(() => this.#end(), hardStopAfter).unref();
  }

  async close(): Promise<void> {
    this.model.stopping = true;
    this.#waiting.abort();
    if (this.#sampler !== null) clearInterval(this.#sampler);
    this.#endSweeping();
    this.operations?.close();
    this.peers.close();
    this.renewals?.close();
    this.health?.close();
    this.resolvers?.close();
    this.ocsp?.close();
    this.states?.close();
    this.#stateFiles.close();
    await this.traffic.close();
    await this.#stateFiles.save();
    await this.logs?.close();
    await this.#journal.close();
    this.#end();
  }
}
