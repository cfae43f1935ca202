import type { EndpointView, LogFacts } from '../expr/types.ts';
import { C, G } from '../model/counters.ts';
import type { ServerView } from '../model/messages.ts';
import type { Stream } from './stream.ts';

/** Syslog levels that lines of the traffic log have. */
export const LEVEL_INFO = 6;
export const LEVEL_ERR = 3;

/** Formats of a frontend's log lines, compiled. */
export interface LogFormatter {
  readonly line: (stream: Stream) => string;
  readonly error: ((stream: Stream) => string) | null;
  readonly sd: ((stream: Stream) => string) | null;
  /** The request line must be kept for it. */
  readonly needsRequest: boolean;
  /** This side's address of the server connection must be kept for it. */
  readonly needsLocal: boolean;
  /** Sent when the request has been sent on, before the response (`logasap` or nothing later is asked for). */
  readonly early: boolean;
}

/** What the log tells of a stream: dates, causes, names. One per stream, reset with it. */
export class StreamLog implements LogFacts {
  stream: Stream | null;
  acceptDate: number;
  requestDate: number;
  handshakeTime: number;
  /** Dates in ms, 0 = not reached. */
  idleEnd: number;
  requestEnd: number;
  queueEnd: number;
  connectEnd: number;
  responseStart: number;
  closedAt: number;
  bytesUploaded: number;
  bytesRead: number;
  requestSent: number;
  responseReceived: number;
  responseSent: number;
  /** Termination: cause and phase; '-' none. */
  cause: string;
  phase: string;
  /** Captured cookies (`capture cookie`). */
  requestCookie: string;
  responseCookie: string;
  /** Letters of the termination state: what persistence found in the request, what it did to the response. */
  persistence: string;
  cookieAction: string;
  requestLine: string;
  requestCaptures: (string | null)[];
  responseCaptures: (string | null)[];
  requestCounter: number;
  /** Name in place of the server's (`<STATS>`); '' for none. */
  service: string;
  logged: boolean;
  early: boolean;
  /** This side's address of a server connection that is gone. */
  local: EndpointView | null;

  constructor() {
    this.stream = null;
    this.acceptDate = 0;
    this.requestDate = 0;
    this.handshakeTime = 0;
    this.idleEnd = 0;
    this.requestEnd = 0;
    this.queueEnd = 0;
    this.connectEnd = 0;
    this.responseStart = 0;
    this.closedAt = 0;
    this.bytesUploaded = 0;
    this.bytesRead = 0;
    this.requestSent = 0;
    this.responseReceived = 0;
    this.responseSent = 0;
    this.cause = '-';
    this.phase = '-';
    this.requestCookie = '-';
    this.responseCookie = '-';
    this.persistence = '-';
    this.cookieAction = '-';
    this.requestLine = '';
    this.requestCaptures = [];
    this.responseCaptures = [];
    this.requestCounter = 0;
    this.service = '';
    this.logged = false;
    this.early = false;
    this.local = null;
  }

  reset(): void {
    this.handshakeTime = 0;
    this.requestEnd = 0;
    this.queueEnd = 0;
    this.connectEnd = 0;
    this.responseStart = 0;
    this.closedAt = 0;
    this.bytesUploaded = 0;
    this.bytesRead = 0;
    this.requestSent = 0;
    this.responseReceived = 0;
    this.responseSent = 0;
    this.cause = '-';
    this.phase = '-';
    this.requestCookie = '-';
    this.responseCookie = '-';
    this.persistence = '-';
    this.cookieAction = '-';
    this.requestLine = '';
    if (this.requestCaptures.length > 0) this.requestCaptures = [];
    if (this.responseCaptures.length > 0) this.responseCaptures = [];
    this.service = '';
    this.logged = false;
    this.early = false;
    this.local = null;
  }

  /** The server connection is about to go: notes what the line will tell of it. */
  keepLocal(): void {
    if (this.stream!.frontend.logger?.needsLocal) this.local = { host: this.localHost, port: this.localPort };
  }

  get idleTime(): number {
    return this.requestDate === 0 ? -1 : Math.max(0, this.requestDate - this.acceptDate - this.handshakeTime);
  }
  get requestTime(): number {
    return this.requestEnd === 0 ? -1 : this.requestEnd - this.requestDate;
  }
  get queueTime(): number {
    return this.queueEnd === 0 ? -1 : this.queueEnd - this.requestEnd;
  }
  get connectTime(): number {
    return this.connectEnd === 0 ? -1 : this.connectEnd - this.queueEnd;
  }
  get responseTime(): number {
    return this.responseStart === 0 ? -1 : this.responseStart - this.connectEnd;
  }
  get dataTime(): number {
    const from = this.stream?.frontend.http === true ? this.responseStart : this.connectEnd;
    return from === 0 ? -1 : this.closedAt - from;
  }
  get totalTime(): number {
    return this.closedAt - this.acceptDate;
  }
  get status(): number {
    return this.stream!.statusSent === 0 ? -1 : this.stream!.statusSent;
  }
  get logCount(): number {
    return Atomics.load(this.stream!.frontend.g, G.logLines);
  }
  get termination(): string {
    return this.cause + this.phase + this.persistence + this.cookieAction;
  }
  get retries(): number {
    return this.stream!.retries;
  }
  get redispatched(): boolean {
    return this.stream!.redispatched;
  }
  get serverQueue(): number {
    return this.stream!.serverQueue;
  }
  get backendQueue(): number {
    return this.stream!.backendQueue;
  }
  get captures(): LogFacts['captures'] {
    const slots = this.stream!.frontend.rules?.slots?.response;
    // A request that was read has places for what its response would have had.
    const none = this.responseCaptures.length === 0 && slots !== undefined && this.requestLine !== '<BADREQ>';
    return { request: this.requestCaptures, response: none ? slots.map(() => null) : this.responseCaptures };
  }
  get processConnections(): number {
    return Atomics.load(this.stream!.env.g, G.current);
  }
  get frontendConnections(): number {
    return this.stream!.frontend.current();
  }
  get backendConnections(): number {
    return this.stream!.backend?.current() ?? 0;
  }
  get serverConnections(): number {
    return this.stream!.server?.served() ?? 0;
  }
  get serverName(): string {
    return this.service !== '' ? this.service : (this.stream!.server?.name ?? '<NOSRV>');
  }
  get serverHost(): string {
    const server = this.stream!.server;
    if (server === null) return '';
    return isUnix(server.view) ? 'unix' : (server.view.host ?? '');
  }
  get serverPort(): number {
    return this.stream!.server?.view.port ?? 0;
  }
  get localHost(): string {
    const conn = this.stream!.serverConn;
    if (conn === null) return this.local?.host ?? '';
    return isUnix(conn.server.view) ? 'unix' : conn.conn.localHost;
  }
  get localPort(): number {
    const conn = this.stream!.serverConn;
    return conn === null ? (this.local?.port ?? 0) : conn.conn.localPort;
  }
  get logAsap(): boolean {
    return this.early;
  }
  get ssl(): boolean {
    return this.stream!.tls !== null;
  }
  get sslVersion(): string {
    return this.stream!.tls?.protocol ?? '-';
  }
  get sslCipher(): string {
    return this.stream!.tls?.cipher ?? '-';
  }
  get hostname(): string {
    return this.stream!.env.hostname;
  }
  get pid(): number {
    return this.stream!.env.pid;
  }
}

/** Unix and abstract sockets have no address that logs could tell. */
function isUnix({ family }: ServerView): boolean {
  return family !== 'inet' && family !== 'inet6';
}

/** Sets why and where an exchange ended, unless it is known already. */
export function setCause(stream: Stream, cause: string, phase: string): void {
  if (stream.log.cause === '-') stream.log.cause = cause;
  if (stream.log.phase === '-') stream.log.phase = phase;
}

/** Ended for a reason that is not the normal one: such lines are logged at all events, on request at a higher level. */
function isError(stream: Stream): boolean {
  const { log } = stream;
  return log.cause !== '-' || stream.retries > 0 || stream.redispatched || stream.statusSent >= 500;
}

/** Sends the log line of a stream, once, as its frontend's options say. */
export function logStream(stream: Stream): void {
  const { frontend, log, env } = stream;
  const logger = frontend.logger;
  if (logger === null || log.logged || stream.silentLog) return;
  const error = isError(stream);
  if (frontend.dontLogNormal && !error) return;
  if (
    frontend.dontLogNull &&
    log.bytesUploaded === 0 &&
    log.bytesRead === 0 &&
    log.requestLine === '' &&
    !frontend.http
  )
    return;
  log.logged = true;
  log.closedAt = env.now();
  const level = stream.logLevel >= 0 ? stream.logLevel : error && frontend.separateErrors ? LEVEL_ERR : LEVEL_INFO;
  env.log({
    proxy: frontend.id,
    level,
    text: error && logger.error !== null ? logger.error(stream) : logger.line(stream),
    sd: logger.sd === null ? null : logger.sd(stream),
    date: log.acceptDate,
  });
  Atomics.add(frontend.g, G.logLines, 1);
}

/** Adds the times of a finished exchange to the counters of its backend and server. */
export function countTimes(stream: Stream, row: Float64Array): void {
  const { log } = stream;
  const q = Math.max(0, log.queueTime);
  const c = Math.max(0, log.connectTime);
  const r = Math.max(0, log.responseTime);
  const t = log.totalTime;
  row[C.qTime]! += q;
  row[C.cTime]! += c;
  row[C.rTime]! += r;
  row[C.tTime]! += t;
  row[C.timed]!++;
  if (q > row[C.qTimeMax]!) row[C.qTimeMax] = q;
  if (c > row[C.cTimeMax]!) row[C.cTimeMax] = c;
  if (r > row[C.rTimeMax]!) row[C.rTimeMax] = r;
  if (t > row[C.tTimeMax]!) row[C.tTimeMax] = t;
}
