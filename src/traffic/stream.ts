import type { CompressionAlgorithm, Location } from '../config/types.ts';
import type { Tracked } from '../expr/tables.ts';
import type {
  ConnectionFacts,
  EndpointView,
  ExprContext,
  HeadView,
  ProcessFacts,
  ProxyFacts,
  TimeoutName,
  TransportFacts,
  Vars,
} from '../expr/types.ts';
import { C, G } from '../model/counters.ts';
import type { StreamView } from '../model/messages.ts';
import type { TrafficBackend } from './backend.ts';
import type { Caching } from './cache/caching.ts';
import type { CachedBody } from './cache/serve.ts';
import type { Client } from './client.ts';
import type { CookieState } from './cookies.ts';
import { detachServer, leaveQueue, onConnectFailed, reconnect, releaseServer, retryQueued } from './dispatch.ts';
import type { Env } from './env.ts';
import type { Recoder } from './filters/recoder.ts';
import { Throttle } from './filters/throttle.ts';
import type { TrafficFrontend, TrafficListener } from './frontend.ts';
import { Body } from './h1/body.ts';
import { Head } from './h1/head.ts';
import * as ending from './http/ending.ts';
import * as failures from './http/failures.ts';
import * as heldBody from './http/held-body.ts';
import * as heldResponse from './http/held-response.ts';
import * as response from './http/response.ts';
import * as sending from './http/sending.ts';
import { logStep, StreamLog, setCause } from './log.ts';
import type { StreamQueue } from './queue.ts';
import { continueInspection, type HeldResponse } from './rules/inspect.ts';
import { runRule } from './rules/run-rule.ts';
import { type Rule, Verdict } from './rules/types.ts';
import { proxyHeader } from './send-proxy.ts';
import type { TrafficServer } from './server.ts';
import type { ServerConn } from './server-conn.ts';
import type { PendingStore } from './stickiness.ts';
import type { Timed } from './timer.ts';
import type { ClientTls } from './tls/client-tls.ts';
import type { ServerSession } from './tls/server-session.ts';
import type { Tracking } from './tracking.ts';
import { captureText, clientFacts, serverFacts } from './transport-facts.ts';
import * as tunnel from './tunnel.ts';

/** Where an exchange stands. */
export const Phase = {
  idle: 0,
  /** A rule waits (tarpit, pause, body). */
  rules: 1,
  queue: 2,
  /** Pause before connecting again to the server that just failed. */
  turnaround: 3,
  connect: 4,
  /** Request sent or being sent, response head awaited. */
  response: 5,
  /** A rule for the response waits. */
  responseRules: 6,
  relay: 7,
  tunnel: 8,
  closed: 9,
} as const;

/** Names of the phases in `show sess`. */
const PHASE_NAMES: readonly string[] = ['INI', 'RUL', 'QUE', 'TAR', 'CON', 'RSP', 'RUL', 'EST', 'TUN', 'CLO'];

const NO_TIMEOUTS: { readonly [name in TimeoutName]?: number } = {};

/** Bytes of a request kept from its arrival until the response begins. Grows up to tune.bufsize and what rewriting adds. */
const PENDING_SIZE = 2048;
const PENDING_KEPT = 16384;

/**
 * One exchange: a request and its response (mode http), or a connection relayed to a server (mode tcp). Owned by its client
 * connection; reset and used again. Every event leads on from its phase.
 */
export class Stream implements ExprContext, Timed {
  readonly env: Env;
  /** Unique in the thread; `show sess` makes a pointer of it. */
  id = 0;
  phase: number = Phase.idle;
  client: Client | null = null;
  frontend: TrafficFrontend;
  listener: TrafficListener | null = null;
  backend: TrafficBackend | null = null;
  server: TrafficServer | null = null;
  serverConn: ServerConn | null = null;
  /** The place on the server and in the backend's count are taken. */
  serverHeld = false;
  backendHeld = false;

  readonly req = new Head();
  readonly res = new Head();
  readonly reqBody = new Body();
  readonly resBody = new Body();
  /** What the client's request allows its response to be compressed by; whether it will be; and what does so. */
  compression: CompressionAlgorithm | null = null;
  compressing = false;
  recoder: Recoder | null = null;
  /** The request's body goes to the server compressed. */
  requestCompression: CompressionAlgorithm | null = null;
  requestRecoder: Recoder | null = null;
  /** What keeps the limits of bandwidth, of bytes to the server and of those to the client; null without limits. */
  uploads: Throttle | null = null;
  downloads: Throttle | null = null;
  /** What a cache has to do with the exchange; what is left to send of an object in it. */
  caching: Caching | null = null;
  cached: CachedBody | null = null;
  /** The heads that expressions may look at now. */
  requestHead: HeadView | null = null;
  responseHead: HeadView | null = null;
  /** To be sent first on a new server connection. */
  proxyHeader: Buffer | null = null;
  /** Serialised request: head, and what of the body came with it. */
  pending: Buffer = Buffer.allocUnsafeSlow(PENDING_SIZE);
  pendingLength = 0;
  /** Where more fields can be put into the head in `pending`. */
  headEnd = 0;
  /** All of the request that came so far is in `pending`: it can be sent (again). */
  replayable = false;
  /** Bytes of the read buffer that follow the head, valid only during the event that brought them. */
  bodyBuf: Buffer | null = null;
  bodyPos = 0;
  bodyEnd = 0;
  /** Head and `bodyBuf` were copied out of the read buffer. */
  held = false;
  /** A byte of the response has come. */
  responseStarted = false;
  reusedConn = false;
  avoidReuse = false;
  method = '';
  /** Mode tcp: what has come is no HTTP request; how often it was read as one. */
  notHttp = false;
  rawParses = 0;
  /** Request target, kept while the stream waits for a server that may be one with `redir`. */
  target = '';
  isHead = false;
  isConnect = false;
  wantsUpgrade = false;
  /** Key of a WebSocket handshake, '' when it is none. */
  webSocketKey = '';
  clientVersion = 11;
  /** Scheme of the request where its client said it (HTTP/2), else ''. */
  scheme = '';
  /** The client connection may serve another request after this one. */
  keepAlive = false;
  /** tcp mode, or an upgraded connection. */
  raw = false;

  /** Server asked for by persistence; server that just failed. */
  preferred: TrafficServer | null = null;
  avoided: TrafficServer | null = null;
  /** Server chosen by a `use-server` rule. */
  ruled: TrafficServer | null = null;
  forcePersist = false;
  ignorePersist = false;
  cookie: CookieState<TrafficServer> | null = null;
  retriesLeft = 0;
  /** Retries that it may have, -1: as its backend says. */
  maxRetries = -1;
  /** What cannot be sent twice is not (`disable-l7-retry`). */
  noRetryOn = false;
  retries = 0;
  redispatched = false;

  queue: StreamQueue | null = null;
  queueNext: Stream | null = null;
  queuePrev: Stream | null = null;
  queuedAt = 0;
  priorityClass = 0;
  priorityOffset = 0;
  serverQueue = 0;
  backendQueue = 0;

  /** Dates in ms, 0 = none. The timer fires at the soonest. */
  clientUntil = 0;
  serverUntil = 0;
  waitUntil = 0;
  queuePoll = 0;
  clientTimeout = 0;
  serverTimeout = 0;
  /** Timeouts that rules have set, ms. */
  timeouts: { [name in TimeoutName]?: number } = NO_TIMEOUTS;
  expires = 0;
  timerSlot = -1;
  timerNext: Timed | null = null;
  timerPrev: Timed | null = null;

  clientEnded = false;
  serverEnded = false;

  /** Rules to go on with after a wait. */
  rules: readonly Rule[] | null = null;
  ruleIndex = 0;
  rulesThen: ((stream: Stream) => void) | null = null;
  /** `rules` are those of content inspection. */
  inspecting = false;
  /** Where the rule stands that has ended the evaluation of its set, or waits; the last one that did. */
  lastRule: Location | null = null;
  ruleBefore: Location | null = null;
  waitsInRule = false;
  onWaited: ((stream: Stream) => void) | null = null;
  onMoreData: ((stream: Stream) => void) | null = null;
  /** Content inspection ends at this date, 0 = no delay; `final`: no more data will come to decide on. */
  inspectUntil = 0;
  final = true;
  /** What `tcp-response content` rules hold back. */
  heldResponse: HeldResponse | null = null;

  /** Body of a response made here, until its head is complete; and whether a service of ours made it (statistics page, metrics). */
  localBody: string | Uint8Array = '';
  served = false;
  logLevel = -1;
  silentLog = false;
  statusSent = 0;
  /** What the log says in place of the status of a page that has one of its own; 0 = that of the page. */
  loggedStatus = 0;
  /** Status as the server has sent it; error of the last connection to a server that failed. */
  serverStatus = 0;
  serverError = 0;
  uniqueIdText = '';
  /** Request target as the log has it, where it is not that of the head (HTTP/2). */
  logUri: string | null = null;
  /** Number of the page that the control thread is asked for, 0 = none. */
  renderId = 0;
  /** What waits for the request body. */
  bodyLimit = 0;
  onBody: ((whole: boolean) => void) | null = null;
  /** What waits for the response body; and whether the response was kept for rules that wait. */
  onResponseBody: (() => void) | null = null;
  responseHeld = false;
  /** Fields of the next `103 Early Hints`. */
  hints: [string, string][] | null = null;
  /** What packets to the server are labelled with, null: nothing. */
  serverLabels: { readonly mark?: number; readonly tos?: number } | null = null;
  sourceOverride: EndpointView | null = null;
  destinationOverride: EndpointView | null = null;

  /** Counters that rules of the stream have set, and bytes counted in what is tracked: date of the last time, bytes so far. */
  tracking: Tracking | null = null;
  bytesTrackedAt = 0;
  bytesInTracked = 0;
  bytesOutTracked = 0;
  /** Keys of stick tables whose entries are to name the server. */
  stores: PendingStore[] | null = null;

  readonly log = new StreamLog();
  readonly scopes: { txn: Vars | null; req: Vars | null; res: Vars | null } = { txn: null, req: null, res: null };

  constructor(env: Env, frontend: TrafficFrontend) {
    this.env = env;
    this.frontend = frontend;
    this.log.stream = this;
  }

  /** A stream for an exchange of `client`, from the thread's spare ones when there are any. */
  static start(env: Env, client: Client, frontend: TrafficFrontend, listener: TrafficListener): Stream {
    const stream = env.spareStreams.pop() ?? new Stream(env, frontend);
    stream.id = ++env.streamIds;
    stream.client = client;
    stream.frontend = frontend;
    stream.listener = listener;
    stream.clientTimeout = frontend.clientTimeout;
    env.streams.add(stream);
    return stream;
  }

  /** Gives everything back and puts the stream aside. */
  recycle(): void {
    const { env } = this;
    env.streams.delete(this);
    if (this.tracking !== null && this.tracking.active > 0) this.tracking.release(env.tables.ledger, env.now());
    this.bytesTrackedAt = 0;
    this.bytesInTracked = 0;
    this.bytesOutTracked = 0;
    this.stores = null;
    env.wheel.disarm(this);
    this.phase = Phase.closed;
    this.client = null;
    this.listener = null;
    this.backend = null;
    this.server = null;
    this.serverHeld = false;
    this.backendHeld = false;
    this.req.reset();
    this.res.reset();
    this.requestHead = null;
    this.responseHead = null;
    if (this.pending.length > PENDING_KEPT) this.pending = Buffer.allocUnsafeSlow(PENDING_SIZE);
    this.pendingLength = 0;
    this.replayable = false;
    this.bodyBuf = null;
    this.held = false;
    this.responseStarted = false;
    this.reusedConn = false;
    this.avoidReuse = false;
    this.method = '';
    this.notHttp = false;
    this.rawParses = 0;
    this.isHead = false;
    this.isConnect = false;
    this.wantsUpgrade = false;
    this.webSocketKey = '';
    this.scheme = '';
    this.raw = false;
    this.preferred = null;
    this.avoided = null;
    this.ruled = null;
    this.forcePersist = false;
    this.ignorePersist = false;
    this.maxRetries = -1;
    this.noRetryOn = false;
    this.retries = 0;
    this.redispatched = false;
    this.queuedAt = 0;
    this.priorityClass = 0;
    this.priorityOffset = 0;
    this.serverQueue = 0;
    this.backendQueue = 0;
    this.clientUntil = 0;
    this.serverUntil = 0;
    this.waitUntil = 0;
    this.queuePoll = 0;
    this.timeouts = NO_TIMEOUTS;
    this.clientEnded = false;
    this.serverEnded = false;
    this.rules = null;
    this.rulesThen = null;
    this.inspecting = false;
    this.lastRule = null;
    this.ruleBefore = null;
    this.waitsInRule = false;
    this.onWaited = null;
    this.onMoreData = null;
    this.inspectUntil = 0;
    this.final = true;
    this.heldResponse = null;
    this.compression = null;
    this.compressing = false;
    this.recoder = null;
    this.requestCompression = null;
    this.requestRecoder = null;
    this.uploads = this.#unthrottle(this.uploads);
    this.downloads = this.#unthrottle(this.downloads);
    if (this.caching !== null) {
      this.caching.end();
      this.caching = null;
      this.cached = null;
    }
    this.served = false;
    this.logLevel = -1;
    this.silentLog = false;
    this.statusSent = 0;
    this.loggedStatus = 0;
    this.serverStatus = 0;
    this.serverError = 0;
    this.uniqueIdText = '';
    this.logUri = null;
    this.renderId = 0;
    this.bodyLimit = 0;
    this.onBody = null;
    this.onResponseBody = null;
    this.responseHeld = false;
    this.hints = null;
    this.serverLabels = null;
    this.sourceOverride = null;
    this.destinationOverride = null;
    this.scopes.txn = null;
    this.scopes.req = null;
    this.scopes.res = null;
    this.log.reset();
    env.recycle(this);
  }

  /** What keeps limits in a direction, made for the first one. */
  throttle(upload: boolean): Throttle {
    if (upload) return (this.uploads ??= new Throttle());
    return (this.downloads ??= new Throttle());
  }

  #unthrottle(throttle: Throttle | null): null {
    throttle?.release(this.env.tables.ledger, this.env.now());
    return null;
  }

  // ---- timers

  /** Arms the timer for the soonest of the dates. */
  schedule(): void {
    let soonest = 0;
    if (this.clientUntil !== 0) soonest = this.clientUntil;
    if (this.serverUntil !== 0 && (soonest === 0 || this.serverUntil < soonest)) soonest = this.serverUntil;
    if (this.waitUntil !== 0 && (soonest === 0 || this.waitUntil < soonest)) soonest = this.waitUntil;
    if (this.queuePoll !== 0 && (soonest === 0 || this.queuePoll < soonest)) soonest = this.queuePoll;
    const upload = this.uploads === null ? 0 : this.uploads.until;
    if (upload !== 0 && (soonest === 0 || upload < soonest)) soonest = upload;
    const download = this.downloads === null ? 0 : this.downloads.until;
    if (download !== 0 && (soonest === 0 || download < soonest)) soonest = download;
    this.env.wheel.arm(this, soonest);
  }

  onTimeout(now: number): void {
    if (this.queuePoll !== 0 && this.queuePoll <= now && this.queue !== null) {
      this.queuePoll = now + 10;
      retryQueued(this);
      if (this.queue === null) return;
    }
    if ((this.uploads !== null || this.downloads !== null) && !this.#passOn(now)) return;
    if (this.waitUntil !== 0 && this.waitUntil <= now) {
      this.waitUntil = 0;
      this.#waitOver();
      if (this.phase === Phase.closed || this.client === null) return;
    } else if (
      this.serverUntil !== 0 &&
      this.serverUntil <= now &&
      !(this.raw && this.clientUntil !== 0 && this.clientUntil <= now)
    ) {
      this.serverUntil = 0;
      if (this.raw) tunnel.onTimeout(this, 'server');
      else failures.onServerTimeout(this);
      return;
    } else if (this.clientUntil !== 0 && this.clientUntil <= now) {
      this.clientUntil = 0;
      if (this.raw) tunnel.onTimeout(this, 'client');
      else failures.onClientTimeout(this);
      return;
    }
    this.schedule();
  }

  /** Passes on what limits of bandwidth allow by now. False when the stream is over. */
  #passOn(now: number): boolean {
    const { uploads, downloads } = this;
    if (uploads !== null && uploads.until !== 0 && uploads.until <= now) {
      uploads.until = 0;
      if (this.phase === Phase.tunnel) tunnel.continueUpload(this);
      else sending.continueUpload(this);
    }
    if (downloads !== null && downloads === this.downloads && downloads.until !== 0 && downloads.until <= now) {
      downloads.until = 0;
      if (this.phase === Phase.tunnel) tunnel.continueDownload(this);
      else response.continueDownload(this);
    }
    return this.uploads === uploads && this.downloads === downloads;
  }

  #waitOver(): void {
    switch (this.phase) {
      case Phase.queue:
        leaveQueue(this);
        this.log.queueEnd = this.env.now();
        setCause(this, 's', 'Q');
        this.backend!.c[C.failedConns]!++;
        this.fail(503);
        return;
      case Phase.connect:
        onConnectFailed(this, 'ETIMEDOUT');
        return;
      case Phase.turnaround:
        reconnect(this);
        return;
      case Phase.rules:
      case Phase.responseRules: {
        const { onWaited } = this;
        this.onWaited = null;
        if (onWaited !== null) onWaited(this);
        else this.continueRules();
        return;
      }
      case Phase.tunnel:
        tunnel.continueResponse(this);
    }
  }

  // ---- rules

  /** Runs `rules`, then `then`. Returns when all is done or a rule waits. */
  runRules(rules: readonly Rule[] | null, then: (stream: Stream) => void): void {
    if (rules === null) {
      then(this);
      return;
    }
    this.rules = rules;
    this.ruleIndex = 0;
    this.rulesThen = then;
    this.continueRules();
  }

  /** Goes on with the rule after the one that waited. */
  continueRules(): void {
    if (this.waitsInRule) this.lastRule = this.ruleBefore;
    this.waitsInRule = false;
    if (this.inspecting) {
      continueInspection(this);
      return;
    }
    const rules = this.rules!;
    while (this.ruleIndex < rules.length) {
      const rule = rules[this.ruleIndex++]!;
      if (rule.condition !== null && !rule.condition(this)) continue;
      const verdict = runRule(this, rule);
      if (verdict === Verdict.next) continue;
      if (verdict === Verdict.stop) break;
      if (verdict === Verdict.wait) this.holdForRule();
      return;
    }
    const then = this.rulesThen!;
    this.rules = null;
    this.rulesThen = null;
    then(this);
  }

  /** A rule waits: until `waitUntil`, when `onWaited` is called, or until `continueRules` is. */
  holdForRule(): void {
    this.waitsInRule = true;
    if (this.responseHead === null || this.serverConn === null) {
      this.phase = Phase.rules;
      this.keep();
    } else heldResponse.holdResponse(this);
    this.schedule();
  }

  /** What a rule has waited for is there. */
  ruleWaitOver(): void {
    this.waitUntil = 0;
    this.onWaited = null;
    this.continueRules();
  }

  // ---- life

  /** Makes the stream independent of the event's read buffer, since it cannot go on at once. */
  keep(): void {
    if (this.raw) return;
    heldBody.keepRequest(this);
  }

  /** More of a connection's payload is at hand (mode tcp, before there is a server): rules that wait for it look again. */
  onPayload(): void {
    if (this.phase === Phase.rules && this.onMoreData !== null) this.onMoreData(this);
  }

  /**
   * Waits until the whole request body is at hand (`requestPayload`), up to `limit` bytes or what the client has sent when the wait ends;
   * `then` is told whether it is whole.
   */
  collectBody(limit: number, then: (whole: boolean) => void): void {
    heldBody.collectBody(this, limit, then);
  }

  /** Ends the exchange with an error page, or by closing when a response has begun. */
  fail(status: number): void {
    if (this.raw) tunnel.close(this);
    else ending.replyError(this, status);
  }

  /** Ends the exchange from outside: K killed by an operator, D its server went down, U a backup server was shut. */
  kill(why: 'K' | 'D' | 'U'): void {
    if (this.phase === Phase.closed || this.client === null) return;
    const phase =
      this.phase === Phase.queue ? 'Q' : this.phase <= Phase.connect ? 'C' : this.phase === Phase.response ? 'H' : 'D';
    setCause(this, why, phase);
    if (this.queue !== null) leaveQueue(this);
    if (this.raw) tunnel.close(this);
    else if (this.phase < Phase.relay) ending.replyError(this, 503);
    else ending.cutOff(this);
  }

  /** Counts the end of the exchange's stay on server and backend. */
  leaveBackend(keepName = false): void {
    const { server } = this;
    releaseServer(this);
    if (keepName) this.server = server;
    if (this.backendHeld) {
      this.backendHeld = false;
      Atomics.sub(this.backend!.g, G.current, 1);
    }
  }

  // ---- events of the server connection

  onServerConnected(): void {
    if (this.log.connectEnd === 0) this.log.connectEnd = this.env.now();
    this.waitUntil = 0;
    this.proxyHeader = proxyHeader(this);
    this.onServerReady();
  }

  /** The server connection can be written to. */
  onServerReady(): void {
    logStep(this, 'connect');
    if (this.raw) tunnel.begin(this);
    else sending.sendRequest(this);
  }

  onServerData(buf: Buffer, start: number, end: number): void {
    if (this.phase === Phase.tunnel) tunnel.onServerData(this, buf, start, end);
    else response.onServerData(this, buf, start, end);
  }

  onServerEnd(): void {
    this.serverEnded = true;
    if (this.phase === Phase.tunnel) tunnel.onServerEnd(this);
    else failures.onServerEnd(this);
  }

  onServerDrain(): void {
    if (this.phase === Phase.tunnel) tunnel.onServerDrain(this);
    else sending.onServerDrain(this);
  }

  onServerError(conn: ServerConn, code: string): void {
    if (conn !== this.serverConn) return;
    if (this.phase === Phase.connect) onConnectFailed(this, code);
    else if (this.phase === Phase.tunnel) tunnel.onServerError(this);
    else {
      detachServer(this);
      const { downloads } = this;
      // What came before goes to the client first.
      if (downloads !== null && downloads.held !== null) downloads.broken = true;
      else failures.onServerError(this);
    }
  }

  onServerRefused(conn: ServerConn): void {
    if (conn !== this.serverConn) return;
    detachServer(this);
    if (this.raw) tunnel.onServerError(this);
    else failures.onServerRefused(this);
  }

  // ---- what expressions see

  get now(): number {
    return this.env.now();
  }

  get source(): EndpointView {
    return this.sourceOverride ?? this.client!.source;
  }

  get destination(): EndpointView {
    return this.destinationOverride ?? this.client!.destination;
  }

  get listenerId(): number {
    return this.listener?.id ?? 0;
  }

  get listenerName(): string {
    return this.listener?.name ?? '';
  }

  /** Exchanges of HTTP/2 are numbered too. */
  get firstRequest(): boolean {
    return this.client!.exchanges === 1;
  }

  get clientConnection(): ConnectionFacts {
    return clientFacts(this);
  }

  get serverTransport(): TransportFacts | null {
    return serverFacts(this);
  }

  get serverReused(): boolean {
    return this.reusedConn;
  }

  get streamId(): number {
    return (this.id * this.env.threads + this.env.thread) >>> 0;
  }

  /** It is of a connection that speaks HTTP, even when it has become a tunnel. */
  get isExchange(): boolean {
    return this.client?.proto !== 'tcp';
  }

  get http(): boolean {
    return !this.raw;
  }

  get waitingRule(): Location | null {
    return this.waitsInRule ? this.lastRule : null;
  }

  capture(side: 'request' | 'response', slot: number, text: string): void {
    captureText(this, side, slot, text);
  }

  debug(ring: string, line: string): void {
    this.env.post({ kind: 'debug', ring, line });
  }

  /** Name of the cache that answers, null when none does. */
  get cacheName(): string | null {
    return this.caching === null || this.caching.hit === null ? null : this.caching.cache.view.name;
  }

  /** The last log line may come after the client is gone. */
  get tls(): ClientTls | null {
    return this.client?.tls ?? null;
  }

  /** Of the last connection to a server, when that has gone before. */
  get serverTls(): ServerSession | null {
    return this.serverConn === null ? this.log.serverTls : this.serverConn.session;
  }

  get process(): ProcessFacts {
    const { startedAt, stopping, thread } = this.env;
    return { startedAt, stopping, thread: thread + 1, ...this.env.load.now() };
  }

  findBackend(name: string): ProxyFacts | null {
    return this.env.backendsByName.get(name) ?? null;
  }

  findFrontend(name: string): ProxyFacts | null {
    return this.env.frontendsByName.get(name) ?? null;
  }

  /** Made when it is first asked for, and at the latest when the request goes to its server. */
  /** The unique ID, made at the end where none was asked for before: by then, as in HAProxy, nothing of the request is left for it. */
  get lateUniqueId(): string {
    const head = this.requestHead;
    if (this.uniqueIdText === '') this.requestHead = null;
    try {
      return this.uniqueId;
    } finally {
      this.requestHead = head;
    }
  }

  get uniqueId(): string {
    const make = this.frontend.rules?.uniqueId ?? null;
    if (this.uniqueIdText === '' && make !== null) this.uniqueIdText = make(this);
    return this.uniqueIdText;
  }

  vars(scope: 'proc' | 'sess' | 'txn' | 'req' | 'res' | 'check'): Vars {
    switch (scope) {
      case 'proc':
        return this.env.procVars as unknown as Vars;
      case 'sess':
        return this.client!.vars;
      case 'req':
        return (this.scopes.req ??= new Map());
      case 'res':
        return (this.scopes.res ??= new Map());
      default:
        return (this.scopes.txn ??= new Map());
    }
  }

  tracked(counter: number): Tracked | null {
    return this.tracking?.get(counter) ?? this.client!.base.tracking?.get(counter) ?? null;
  }

  requestPayload(): string {
    return this.raw ? this.pending.latin1Slice(0, this.pendingLength) : heldBody.payloadText(this);
  }

  responsePayload(): string {
    return this.heldResponse === null ? heldResponse.responseText(this) : this.heldResponse.bytes.latin1Slice();
  }

  /** As `show sess` tells it. */
  view(): StreamView {
    const { client, frontend, backend, server, log } = this;
    return {
      id: streamPointer(this),
      thread: this.env.thread,
      proto: client!.source.host === '' ? 'unix_stream' : client!.source.host.includes(':') ? 'tcpv6' : 'tcpv4',
      source: client!.source.host === '' ? 'unix:1' : `${client!.source.host}:${client!.source.port}`,
      frontend: frontend.name,
      frontendId: frontend.id,
      frontendMode: frontend.config.mode,
      listener: this.listenerName,
      listenerId: this.listenerId,
      destination: `${client!.destination.host}:${client!.destination.port}`,
      backend: backend?.name ?? null,
      backendId: backend?.id ?? 0,
      backendMode: backend?.config.mode ?? '',
      server: server?.name ?? null,
      serverId: server?.id ?? 0,
      serverAddress: server === null ? '' : `${server.view.host}:${server.view.port}`,
      localAddress: this.serverConn === null || !this.serverConn.established ? '' : `${log.localHost}:${log.localPort}`,
      startedAt: log.acceptDate,
      lastActive: log.requestDate,
      expires: this.expires,
      state: PHASE_NAMES[this.phase]!,
      method: log.requestLine.split(' ')[0] ?? '',
      uri: log.requestLine.split(' ')[1] ?? '',
      status: this.statusSent,
      bytesIn: log.bytesUploaded,
      bytesOut: log.bytesRead,
      retries: this.retries,
      queued: this.queue !== null,
      requestState: this.raw ? 'MSG_TUNNEL' : this.reqBody.done ? 'MSG_DONE' : 'MSG_DATA',
      responseState: this.phase < Phase.relay ? 'MSG_RPBEFORE' : this.resBody.done ? 'MSG_DONE' : 'MSG_DATA',
    };
  }
}

/** Name of a stream on the Runtime API: looks like HAProxy's pointers, unique over threads. */
export function streamPointer(stream: Stream): string {
  return '0x' + (0x7f0000000000 + stream.env.thread * 0x100000000 + stream.id * 16).toString(16);
}
