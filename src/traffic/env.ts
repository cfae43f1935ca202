import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { GlobalConfig, HttpErrorsConfig, LogProfileConfig, UserlistConfig } from '../config/types.ts';
import type { Userlist } from '../expr/row.ts';
import { type VarLimits, varLimitsOf } from '../expr/var-limits.ts';
import { CacheMemory, type CacheView } from '../model/cache/memory.ts';
import { ThreadCertificates } from '../model/certificates/thread-certificates.ts';
import type { TlsState } from '../model/certificates/views.ts';
import { type CounterStore, G } from '../model/counters.ts';
import type { DatabaseView } from '../model/databases/database.ts';
import { Databases } from '../model/databases/databases.ts';
import type { CapturedError, LimitsView, LogLine, PatternEdit, TrafficEvent } from '../model/messages.ts';
import type { PatternsView } from '../model/patterns/references.ts';
import { SessionCache } from '../model/session-cache.ts';
import type { TablesView } from '../model/tables/tables.ts';
import { eventClock } from '../net/event-clock.ts';
import type { Transport } from '../net/transport.ts';
import { readFileOrNull } from '../util/files.ts';
import type { TrafficBackend } from './backend.ts';
import { compileUserlists } from './compile-proxy.ts';
import type { TrafficFrontend } from './frontend.ts';
import { type NameCases, nameCases } from './header-names.ts';
import { KeyedBatch } from './keyed-batch.ts';
import { Load } from './load.ts';
import { TrafficPatterns } from './patterns.ts';
import { globalVars, ProcVars } from './proc-vars.ts';
import type { Resolving } from './resolving.ts';
import type { Stream } from './stream.ts';
import { TrafficTables } from './tables.ts';
import { TimerWheel } from './timer.ts';
import { TlsAccounts } from './tls/accounts.ts';
import { RecentContexts } from './tls/recent-contexts.ts';
import { ProxyTokenKeys } from './token-keys.ts';
import { WorkMeter } from './work.ts';

/** Streams kept for reuse, at most. */
const STREAMS_KEPT = 1024;
/** Lines of the traffic log sent to the control thread in one message, and how long a line waits for others, ms. */
const LOG_BATCH = 256;
const LOG_DELAY = 20;
/** Messages with lines that the control thread has not taken yet, at most: while it does not keep up, further lines are dropped. */
const LOG_BATCHES = 256;

/** What the objects of one traffic thread share. */
export class Env {
  readonly thread: number;
  readonly threads: number;
  readonly transport: Transport;
  readonly counters: CounterStore;
  readonly wheel: TimerWheel;
  readonly post: (event: TrafficEvent) => void;
  hostname = '';
  readonly load = new Load();
  readonly work = new WorkMeter(() => Atomics.load(this.g, G.profiling) !== 0);
  /** Start of the process, ms since the epoch. */
  readonly startedAt: number;
  readonly pid: number;
  global!: GlobalConfig;
  /** What `global` says, as the data path wants it. */
  nameCases!: NameCases;
  payloadWithAnyMethod = false;
  keepsAmbiguous = false;
  userlists: ReadonlyMap<string, Userlist> = new Map();
  readonly tokenKeys = new ProxyTokenKeys();
  /** `http-err-codes`, `http-fail-codes`. */
  errCodes: ReadonlySet<number> = new Set();
  failCodes: ReadonlySet<number> = new Set();
  varLimits: VarLimits | null = null;
  caches: ReadonlyMap<string, CacheMemory> = new Map();
  httpErrors: readonly HttpErrorsConfig[] = [];
  logProfiles: readonly LogProfileConfig[] = [];
  limits: LimitsView;
  readonly patterns: TrafficPatterns;
  readonly databases: Databases;
  readonly tables: TrafficTables;
  /** Certificates and what else TLS needs. */
  readonly certificates: ThreadCertificates;
  readonly patternEdits: KeyedBatch<PatternEdit>;
  readonly processSlot: number;
  /** Process-wide counters of this thread, and gauges. */
  readonly c: Float64Array;
  readonly g: Int32Array;
  readonly tlsAccounts: TlsAccounts;
  readonly tlsContexts = new RecentContexts(() => this.global.tls.contexts);
  /** Sessions of clients without tickets; null: none are kept. */
  readonly tlsSessions: SessionCache | null;
  readonly frontends = new Map<number, TrafficFrontend>();
  readonly backends = new Map<number, TrafficBackend>();
  readonly backendsByName = new Map<string, TrafficBackend>();
  readonly frontendsByName = new Map<string, TrafficFrontend>();
  /** Streams alive now. */
  readonly streams = new Set<Stream>();
  readonly spareStreams: Stream[] = [];
  /** Last invalid request and response of each proxy, by `<proxy id>/<side>`. */
  readonly captured = new Map<string, CapturedError>();
  readonly procVars: ProcVars;
  /** Streams that wait for a page from the control thread, by the number of their request. */
  readonly rendering = new Map<number, Stream>();
  /** Streams that wait for an address. */
  readonly resolving: Resolving = new Map();
  /** Connections are accepted and wait: the process has still to give up its rights. */
  holding: boolean;
  stopping: boolean;
  streamIds: number;
  requestIds: number;
  #dirty: { flush(): void }[] = [];
  readonly #flushDirty = (): void => {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const object of dirty) object.flush();
  };
  readonly #turnEnd: (fire: () => void) => void;
  #lines: LogLine[];
  #batchesUnderWay = 0;
  #linesDropped = 0;
  #flushing: boolean;
  #usage = 0;
  #usageAt = 0;
  #lastUsage = performance.eventLoopUtilization();

  constructor(init: {
    thread: number;
    threads: number;
    transport: Transport;
    counters: CounterStore;
    global: GlobalConfig;
    httpErrors: readonly HttpErrorsConfig[];
    logProfiles?: readonly LogProfileConfig[];
    userlists?: readonly UserlistConfig[];
    caches?: readonly CacheView[];
    limits: LimitsView;
    patterns?: PatternsView;
    databases?: readonly DatabaseView[];
    tables?: TablesView;
    tls?: TlsState;
    tlsSessions?: SharedArrayBuffer | null;
    processSlot: number;
    startedAt?: number;
    holding?: boolean;
    post: (event: TrafficEvent) => void;
    clock?: () => number;
    setTimer?: (ms: number, fire: () => void) => () => void;
    seed?: () => number;
  }) {
    this.thread = init.thread;
    this.threads = init.threads;
    this.transport = init.transport;
    this.counters = init.counters;
    this.databases = new Databases(init.databases);
    this.patterns = new TrafficPatterns(init.patterns ?? { factor: 0, chunks: [], references: [] }, (header) =>
      init.post({ kind: 'patterns.released', header }),
    );
    this.certificates = new ThreadCertificates(init.tls);
    this.tlsSessions = init.tlsSessions == null ? null : new SessionCache(init.tlsSessions);
    const atTurnEnd = (object: { flush(): void }) => this.atTurnEnd(object);
    this.patternEdits = new KeyedBatch({
      atTurnEnd,
      post: (edits, dropped) => this.post({ kind: 'pattern-edits', edits, dropped }),
    });
    this.procVars = new ProcVars({
      atTurnEnd,
      post: (vars, dropped) => this.post({ kind: 'proc-vars', vars, dropped }),
    });
    this.tables = new TrafficTables(init.tables ?? null);
    this.configure(init);
    for (const [name, value] of globalVars(init.global).vars) this.procVars.receive({ name, value });
    this.limits = init.limits;
    this.post = init.post;
    const { setTimer } = init;
    if (init.clock !== undefined) this.now = init.clock;
    this.wheel = new TimerWheel(this.now, setTimer);
    if (setTimer !== undefined) this.later = setTimer;
    if (init.seed !== undefined) this.seed = init.seed;
    this.processSlot = init.processSlot;
    this.c = init.counters.row(init.processSlot, init.thread);
    this.tlsAccounts = new TlsAccounts(this.c, init.counters.gauges(init.processSlot), () => this.now());
    this.g = init.counters.gauges(init.processSlot);
    this.#turnEnd = setTimer === undefined ? setImmediate : (fire) => void setTimer(0, fire);
    this.startedAt = init.startedAt ?? 0;
    this.pid = process.pid;
    this.holding = init.holding ?? false;
    this.stopping = false;
    this.streamIds = 0;
    this.requestIds = 0;
    this.#lines = [];
    this.#flushing = false;
  }

  /** Takes settings and sections that proxies refer to: for connections, and proxies that are put, from now on. */
  configure(settings: {
    readonly global: GlobalConfig;
    readonly httpErrors: readonly HttpErrorsConfig[];
    readonly logProfiles?: readonly LogProfileConfig[];
    readonly userlists?: readonly UserlistConfig[];
    readonly caches?: readonly CacheView[];
  }): void {
    // Contexts were built with the settings of TLS: as long as those say the same they are the same.
    const known = (this.global as GlobalConfig | undefined)?.tls;
    const global = isDeepStrictEqual(known, settings.global.tls)
      ? { ...settings.global, tls: known! }
      : settings.global;
    this.global = global;
    this.errCodes = new Set(global.errCodes);
    this.failCodes = new Set(global.failCodes);
    this.varLimits = varLimitsOf(global.tune);
    this.nameCases = nameCases(global, (path) => readFileOrNull(path)?.latin1Slice() ?? null).cases;
    this.payloadWithAnyMethod = 'h1-accept-payload-with-any-method' in global.other;
    this.keepsAmbiguous = 'h1-do-not-close-on-insecure-transfer-encoding' in global.other;
    this.userlists = compileUserlists(settings.userlists ?? []).lists;
    this.caches = new Map((settings.caches ?? []).map((view) => [view.name, this.#cacheOf(view)]));
    this.httpErrors = settings.httpErrors;
    this.logProfiles = settings.logProfiles ?? [];
    this.hostname = global.node ?? hostname();
  }

  #cacheOf(view: CacheView): CacheMemory {
    const known = this.caches.get(view.name);
    if (known?.view.memory === view.memory) return known;
    const cache = new CacheMemory(view, this.thread);
    cache.recover();
    return cache;
  }

  /** Date in ms. */
  readonly now: () => number = eventClock.now;

  /** 32 bits, not 0, other ones each time. */
  readonly seed: () => number = () => randomInt(1, 2 ** 32 - 1);

  /** Calls back once after so many ms: for what is no timeout of a stream or connection. */
  readonly later: (ms: number, fire: () => void) => void = (ms, fire) => {
    setTimeout(fire, ms).unref();
  };

  /** Has `flush` of an object called at the end of this turn of the event loop. */
  atTurnEnd(object: { flush(): void }): void {
    this.#dirty.push(object);
    if (this.#dirty.length === 1) this.#turnEnd(this.#flushDirty);
  }

  /** Percent of its time that this thread worked, over the last second or so. */
  usage(): number {
    const now = this.now();
    if (now - this.#usageAt >= 1000) {
      const next = performance.eventLoopUtilization();
      this.#usage = performance.eventLoopUtilization(next, this.#lastUsage).utilization * 100;
      this.#lastUsage = next;
      this.#usageAt = now;
    }
    return this.#usage;
  }

  /** Queues a line of the traffic log. */
  log(line: LogLine): void {
    this.#lines.push(line);
    if (this.#lines.length >= LOG_BATCH) this.flushLog();
    else if (!this.#flushing) {
      this.#flushing = true;
      this.later(LOG_DELAY, () => this.flushLog());
    }
  }

  /** Sends what is queued. */
  flushLog(): void {
    this.#flushing = false;
    const lines = this.#lines;
    if (lines.length === 0) return;
    this.#lines = [];
    if (this.#batchesUnderWay >= LOG_BATCHES) {
      this.#linesDropped += lines.length;
      return;
    }
    this.#batchesUnderWay++;
    this.post({ kind: 'log', lines, dropped: this.#linesDropped });
    this.#linesDropped = 0;
  }

  /** The control thread has taken the lines of one message. */
  logTaken(): void {
    this.#batchesUnderWay--;
  }

  /** Puts a finished stream aside for reuse. */
  recycle(stream: Stream): void {
    if (this.spareStreams.length < STREAMS_KEPT) this.spareStreams.push(stream);
  }
}
