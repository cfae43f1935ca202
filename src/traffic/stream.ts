import type { Location } from '../config/types.ts';
import type { Tracked } from '../expr/tables.ts';
import type {
  BodyExtent,
  ConnectionFacts,
  EndpointView,
  ExprContext,
  ProcessFacts,
  ProxyFacts,
  TransportFacts,
  Vars,
} from '../expr/types.ts';
import type { VarLimits } from '../expr/var-limits.ts';
import { C, G } from '../model/counters.ts';
import type { Client } from './client.ts';
import { connectOrReuse } from './connecting.ts';
import { giveUpQueue, releaseServer, retryQueued } from './dispatch.ts';
import type { Env } from './env.ts';
import { Throttle } from './filters/throttle.ts';
import type { TrafficFrontend, TrafficListener } from './frontend.ts';
import * as ending from './http/ending.ts';
import * as failures from './http/failures.ts';
import * as heldBody from './http/held-body.ts';
import * as heldResponse from './http/held-response.ts';
import * as response from './http/response.ts';
import * as sending from './http/sending.ts';
import { logStep, setCause } from './log.ts';
import { detachServer } from './parting.ts';
import { Phase } from './phase.ts';
import { onConnectFailed, tryAgain } from './retrying.ts';
import { continueInspection } from './rules/inspect.ts';
import { runRule } from './rules/run-rule.ts';
import { type Rule, Verdict } from './rules/types.ts';
import { proxyHeader } from './send-proxy.ts';
import type { ServerConn } from './server-conn.ts';
import { StreamState } from './stream-state.ts';
import { onTimeUp } from './tcp-waiting.ts';
import { termEvents } from './term-events.ts';
import type { Timed } from './timer.ts';
import type { ClientTls } from './tls/client-tls.ts';
import type { ServerSession } from './tls/server-session.ts';
import { captureText, clientFacts, serverFacts } from './transport-facts.ts';
import * as tunnel from './tunnel.ts';
import { countCall } from './work.ts';

/**
 * One exchange: a request and its response (mode http), or a connection relayed to a server (mode tcp). Owned by its client
 * connection; reset and used again. Every event leads on from its phase.
 */
export class Stream extends StreamState implements ExprContext, Timed {
  constructor(env: Env, frontend: TrafficFrontend) {
    super(env, frontend);
    this.log.stream = this;
  }

  /** A stream for an exchange of `client`, from the thread's spare ones when there are any. */
  static start(env: Env, client: Client, frontend: TrafficFrontend, listener: TrafficListener): Stream {
    const stream = env.spareStreams.pop() ?? new Stream(env, frontend);
    stream.id = ++env.streamIds;
    stream.log.requestCounter = Atomics.add(env.g, G.streams, 1) >>> 0;
    stream.client = client;
    stream.frontend = frontend;
    stream.listener = listener;
    stream.clientTimeout = frontend.clientTimeout;
    env.streams.add(stream);
    countCall(stream);
    return stream;
  }

  /** Gives everything back and puts the stream aside. */
  recycle(): void {
    const { env } = this;
    env.streams.delete(this);
    if (this.tracking !== null && this.tracking.active > 0) this.tracking.release(env.tables.ledger, env.now());
    env.wheel.disarm(this);
    this.uploads = this.#unthrottle(this.uploads);
    this.downloads = this.#unthrottle(this.downloads);
    if (this.caching !== null) this.caching.end();
    this.reset();
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
    countCall(this);
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
    } else if (this.phase === Phase.tunnel) {
      tunnel.onTimeout(this, now);
      return;
    } else if (this.serverUntil !== 0 && this.serverUntil <= now) {
      this.serverUntil = 0;
      failures.onServerTimeout(this);
      return;
    } else if (this.clientUntil !== 0 && this.clientUntil <= now) {
      this.clientUntil = 0;
      if (this.raw) onTimeUp(this);
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
        giveUpQueue(this);
        setCause(this, 's', 'Q');
        this.backend!.c[C.failedConns]!++;
        if (this.server !== null) this.server.c[C.failedConns]!++;
        this.fail(503);
        return;
      case Phase.connect:
        onConnectFailed(this, 'ETIMEDOUT');
        return;
      case Phase.turnaround:
        if (this.roomUntil === 0) tryAgain(this);
        else connectOrReuse(this);
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
    if (this.waitsInRule) {
      this.waitsInRule = false;
      this.lastRule = this.ruleBefore;
      // What rules wait for is time of the request, as in HAProxy.
      if (this.responseHead === null && !this.raw) this.log.requestEnd = this.env.now();
    }
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
      if (verdict === Verdict.stop) {
        while (this.ruleIndex < rules.length && rules[this.ruleIndex]!.always === undefined) this.ruleIndex++;
        continue;
      }
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
    if (this.queue !== null) giveUpQueue(this);
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
    countCall(this);
    this.log.connectEnd = this.env.now();
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
    countCall(this);
    if (this.phase === Phase.tunnel) tunnel.onServerData(this, buf, start, end);
    else response.onServerData(this, buf, start, end);
  }

  onServerEnd(): void {
    countCall(this);
    this.serverEnded = true;
    if (this.phase === Phase.tunnel) tunnel.onServerEnd(this);
    else failures.onServerEnd(this);
  }

  onServerDrain(): void {
    countCall(this);
    if (this.phase === Phase.tunnel) tunnel.onServerDrain(this);
    else sending.onServerDrain(this);
  }

  onServerError(conn: ServerConn, code: string): void {
    if (conn !== this.serverConn) return;
    countCall(this);
    if (this.phase === Phase.connect) onConnectFailed(this, code);
    else if (this.phase === Phase.tunnel) tunnel.onServerError(this);
    else if (this.phase === Phase.responseRules || (this.downloads !== null && this.downloads.held !== null)) {
      // What came before passes the rules, and goes to the client, first.
      this.serverEnded = true;
      this.serverBroken = true;
      failures.onServerEnd(this);
    } else {
      detachServer(this);
      failures.onServerError(this);
    }
  }

  onServerRefused(conn: ServerConn): void {
    if (conn !== this.serverConn) return;
    countCall(this);
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

  /** Of the streams of HTTP/2 none is, as in HAProxy. */
  get firstRequest(): boolean {
    return this.client!.exchanges === 1 && this.clientVersion !== 20;
  }

  get unread(): boolean {
    return this.log.requestLine === '<BADREQ>';
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

  get termEvents(): string {
    return termEvents(this);
  }

  get toProxy(): boolean {
    return this.frontend.proxyHeader && !/^[/*]/.test(this.req.uri);
  }

  get http(): boolean {
    return !this.raw;
  }

  get waitingRule(): Location | null {
    return this.waitsInRule ? this.lastRule : null;
  }

  capture(side: 'request' | 'response', slot: number, text: string): boolean {
    return captureText(this, side, slot, text);
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

  /** Made when it is first asked for, and at the latest when the request goes to its server. */
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

  get varLimits(): VarLimits | null {
    return this.env.varLimits;
  }

  tracked(counter: number): Tracked | null {
    return this.tracking?.get(counter) ?? this.client!.base.tracking?.get(counter) ?? null;
  }

  /** How many of the bytes that a side of a raw stream has sent rules may see: what fits into a buffer with room for rewriting. */
  inspectableOf(length: number): number {
    const { bufsize, maxrewrite } = this.env.global.tune;
    return Math.min(length, bufsize - maxrewrite);
  }

  requestPayload(): string {
    return this.raw ? this.pending.latin1Slice(0, this.inspectableOf(this.pendingLength)) : heldBody.payloadText(this);
  }

  responsePayload(): string {
    if (this.heldResponse === null) return heldResponse.responseText(this);
    const { bytes } = this.heldResponse;
    return bytes.latin1Slice(0, this.inspectableOf(bytes.length));
  }

  bodyExtent(side: 'request' | 'response'): BodyExtent | null {
    if (this.raw) return null;
    return side === 'request' ? heldBody.payloadExtent(this) : heldResponse.responseExtent(this);
  }
}
