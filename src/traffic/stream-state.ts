import type { CompressionAlgorithm, Location } from '../config/types.ts';
import type { EndpointView, HeadView, TimeoutName, Vars, Work } from '../expr/types.ts';
import type { TrafficBackend } from './backend.ts';
import type { Caching } from './cache/caching.ts';
import type { CachedBody } from './cache/serve.ts';
import type { Client } from './client.ts';
import type { CookieState } from './cookies.ts';
import type { Env } from './env.ts';
import type { Recoder } from './filters/recoder.ts';
import type { Throttle } from './filters/throttle.ts';
import type { TrafficFrontend, TrafficListener } from './frontend.ts';
import { Body } from './h1/body.ts';
import { Head } from './h1/head.ts';
import { StreamLog } from './log.ts';
import { Phase } from './phase.ts';
import type { StreamQueue } from './queue.ts';
import type { HeldResponse } from './rules/inspect.ts';
import type { Rule } from './rules/types.ts';
import type { TrafficServer } from './server.ts';
import type { ServerConn } from './server-conn.ts';
import type { PendingStore } from './stickiness.ts';
import type { Stream } from './stream.ts';
import type { Timed } from './timer.ts';
import type { Tracking } from './tracking.ts';

const NO_TIMEOUTS: { readonly [name in TimeoutName]?: number } = {};

/** Bytes of a request kept from its arrival until the response begins. Grows up to tune.bufsize and what rewriting adds. */
const PENDING_SIZE = 2048;
const PENDING_KEPT = 16384;

/** What is known of an exchange. Every field is set from the start; `reset` makes them those of an exchange that has not begun. */
export abstract class StreamState {
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
  /** Until when it waits for the end of an idle connection (`strict-maxconn`), 0: it does not. */
  roomUntil = 0;
  backendHeld = false;

  /** What it has cost, null where that is not measured. */
  work: Work | null = null;

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
  /** What follows is a try of a request that was sent before, which is counted already. */
  retryCounted = false;

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
  /** It has left by a reset, or in the middle of its request, while rules waited. */
  clientBroken = false;
  /** It has left before there was a server: rules that wait decide on what has come, and no server is chosen. */
  clientGone = false;
  /** Mode tcp: the client has sent nothing in its time, while rules waited for something. */
  clientLate = false;
  /** Mode tcp: until when a client that has sent nothing may be silent, kept while there is no connection to a server; 0 = for ever. */
  clientDue = 0;
  /** The server has ended what it sends; `serverBroken`: by an error, behind what has come of its response. */
  serverEnded = false;
  serverBroken = false;

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
  /** Content inspection ends at this date, 0 = no delay; `final` is false while a condition is decided for which more data may come. */
  inspectUntil = 0;
  final = true;
  /** More data may come for the rules under way to decide on. */
  moreMayCome = false;
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
  /** Major version of HTTP on the last connection to a server; 0: none, or not agreed on yet. */
  serverMajor = 0;
  uniqueIdText = '';
  /** Scheme and authority in front of the target, which requests of HTTP/2 are logged with: `https://a.example`, else ''. */
  origin = '';
  /** Number of the page that the control thread is asked for, 0 = none. */
  renderId = 0;
  /** What waits for the request body. */
  bodyLimit = 0;
  onBody: ((whole: boolean) => void) | null = null;
  /** What comes of the request body is dropped. */
  draining = false;
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
  }

  /** Forgets the exchange. What is held elsewhere has to be given back before. */
  protected reset(): void {
    this.bytesTrackedAt = 0;
    this.bytesInTracked = 0;
    this.bytesOutTracked = 0;
    this.stores = null;
    this.phase = Phase.closed;
    this.client = null;
    this.listener = null;
    this.backend = null;
    this.server = null;
    this.serverHeld = false;
    this.roomUntil = 0;
    this.backendHeld = false;
    this.work = null;
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
    this.forcePersist = false;
    this.ignorePersist = false;
    this.maxRetries = -1;
    this.noRetryOn = false;
    this.retries = 0;
    this.redispatched = false;
    this.retryCounted = false;
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
    this.clientBroken = false;
    this.clientGone = false;
    this.clientLate = false;
    this.clientDue = 0;
    this.serverEnded = false;
    this.serverBroken = false;
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
    this.moreMayCome = false;
    this.heldResponse = null;
    this.compression = null;
    this.compressing = false;
    this.recoder = null;
    this.requestCompression = null;
    this.requestRecoder = null;
    this.caching = null;
    this.cached = null;
    this.served = false;
    this.logLevel = -1;
    this.silentLog = false;
    this.statusSent = 0;
    this.loggedStatus = 0;
    this.serverStatus = 0;
    this.serverError = 0;
    this.serverMajor = 0;
    this.uniqueIdText = '';
    this.origin = '';
    this.renderId = 0;
    this.bodyLimit = 0;
    this.onBody = null;
    this.draining = false;
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
  }
}
