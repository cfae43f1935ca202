import type { LogStep } from '../config/types.ts';
import type { EndpointView, LogFacts } from '../expr/types.ts';
import { C, G } from '../model/counters.ts';
import type { LogText, ServerView } from '../model/messages.ts';
import type { LineOf, LogProfile } from './compile-logger.ts';
import type { Stream } from './stream.ts';
import type { ServerSession } from './tls/server-session.ts';

/** Syslog levels that lines of the traffic log have. */
const LEVEL_INFO = 6;
const LEVEL_ERR = 3;

/** Formats of a frontend's log lines, compiled. */
export interface LogFormatter {
  readonly line: LineOf;
  readonly error: LineOf | null;
  readonly sd: LineOf | null;
  /** Those that targets of the frontend have. */
  readonly profiles: readonly LogProfile[];
  /** The request line must be kept for it. */
  readonly needsRequest: boolean;
  /** This side's address of the server connection must be kept for it. */
  readonly needsLocal: boolean;
  /**
   * When a line is made: `accept`: as soon as the stream begins (without a format); `answer`: when the server's response, in mode tcp
   * its connection, is there, since nothing later is asked for; else at the end.
   */
  readonly when: 'accept' | 'answer' | 'close';
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
  /** What makes the line that is being made (`%OG`). */
  origin: string;
  /** This side's address of a server connection that is gone. */
  local: EndpointView | null;
  /** TLS of the connection to a server that has gone. */
  serverTls: ServerSession | null;

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
    this.requestCookie = '';
    this.responseCookie = '';
    this.persistence = '-';
    this.cookieAction = '-';
    this.requestLine = '';
    this.requestCaptures = [];
    this.responseCaptures = [];
    this.requestCounter = 0;
    this.service = '';
    this.logged = false;
    this.origin = 'txn_close';
    this.local = null;
    this.serverTls = null;
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
    this.requestCookie = '';
    this.responseCookie = '';
    this.persistence = '-';
    this.cookieAction = '-';
    this.requestLine = '';
    if (this.requestCaptures.length > 0) this.requestCaptures = [];
    if (this.responseCaptures.length > 0) this.responseCaptures = [];
    this.service = '';
    this.logged = false;
    this.local = null;
    this.serverTls = null;
  }

  /** The server connection is about to go: notes what the line will tell of it. */
  keepLocal(): void {
    this.serverTls = this.stream!.serverConn?.session ?? null;
    if (this.stream!.frontend.logger?.needsLocal) this.local = { host: this.localHost, port: this.localPort };
  }

  get idleTime(): number {
    return this.requestDate === 0 ? -1 : Math.max(0, this.requestDate - this.acceptDate - this.handshakeTime);
  }
  get requestTime(): number {
    return this.requestEnd === 0 ? -1 : this.requestEnd - this.requestDate;
  }
  get queueTime(): number {
    return this.queueEnd === 0 ? -1 : this.queueEnd - (this.requestEnd || this.acceptDate);
  }
  get connectTime(): number {
    return this.connectEnd === 0 ? -1 : this.connectEnd - this.queueEnd;
  }
  get responseTime(): number {
    return this.responseStart === 0 ? -1 : this.responseStart - this.connectEnd;
  }
  get dataTime(): number {
    const from = this.stream?.isExchange === true ? this.responseStart : this.connectEnd;
    return from === 0 ? -1 : this.closedAt === 0 ? 0 : this.closedAt - from;
  }
  get totalTime(): number {
    // As in HAProxy, until the end is known.
    return this.closedAt === 0 ? 0 : this.closedAt - this.acceptDate;
  }
  get status(): number {
    // What is no request, or could not be read, has no status; one that is not known is that of a request.
    const { statusSent, responseHead, method } = this.stream!;
    return statusSent || responseHead?.status || (method === '' ? 0 : -1);
  }
  get uniqueId(): string {
    const stream = this.stream!;
    return this.requestLine === '<BADREQ>' ? stream.uniqueIdText : stream.lateUniqueId;
  }
  get logCount(): number {
    return Atomics.load(this.stream!.frontend.g, G.logLines);
  }
  get termination(): string {
    // Where the backend has a cookie, one that was not looked for was not there.
    const cookie = this.stream!.backend?.cookie ?? null;
    // A cookie that is only read has no letters.
    if (cookie !== null && cookie.config.mode === 'rewrite' && cookie.config.preserve)
      return `${this.cause}${this.phase}--`;
    const none = this.persistence === '-' && cookie !== null;
    return this.cause + this.phase + (none ? 'NN' : this.persistence + this.cookieAction);
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
    const slots = this.stream!.frontend.rules?.slots ?? null;
    // A request that was read has places for what it was not looked through for.
    if (slots === null || this.requestLine === '<BADREQ>')
      return { request: this.requestCaptures, response: this.responseCaptures };
    return {
      request: this.requestCaptures.length === 0 ? slots.request.map(() => null) : this.requestCaptures,
      response: this.responseCaptures.length === 0 ? slots.response.map(() => null) : this.responseCaptures,
    };
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
    const { server } = this.stream!;
    return server === null || server.unnamed ? 0 : server.served();
  }
  get serverName(): string {
    if (this.service !== '') return this.service;
    const { server } = this.stream!;
    return server === null || server.unnamed ? '<NOSRV>' : server.name;
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
    return this.stream!.frontend.logAsap;
  }
  get ssl(): boolean {
    const { tls, listener } = this.stream!;
    // A handshake may not have begun.
    return tls !== null || listener?.tls != null;
  }
  get sslVersion(): string {
    return this.stream!.tls?.protocol ?? '-';
  }
  get sslCipher(): string {
    return this.stream!.tls?.cipher ?? '-';
  }
  get overIp(): boolean {
    const family = this.stream!.listener?.config.address.family;
    return family === 'inet' || family === 'inet6';
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

/** Ended for a reason that is not the normal one: such lines are logged at all events, on request at a higher level. Answers made here are normal. */
function isError(stream: Stream): boolean {
  const { log } = stream;
  return (
    (log.cause !== '-' && log.cause !== 'L') || stream.retries > 0 || stream.redispatched || stream.statusSent >= 500
  );
}

/** Sends the log line of a stream at its end, once, as its frontend's options say. */
export function logStream(stream: Stream): void {
  if (logsAtEnd(stream)) logOnce(stream, 'close');
}

function logOnce(stream: Stream, step: 'connect' | 'response' | 'close'): void {
  const { frontend, log, env } = stream;
  const logger = frontend.logger;
  if (logger === null || log.logged || stream.silentLog) return;
  const error = isError(stream);
  if (frontend.dontLogNormal && !error) return;
  if (
    frontend.dontLogNull &&
    step === 'close' &&
    log.bytesUploaded === 0 &&
    log.bytesRead === 0 &&
    log.requestLine === '' &&
    !stream.isExchange
  )
    return;
  log.logged = true;
  log.closedAt = env.now();
  const level = stream.logLevel >= 0 ? stream.logLevel : error && frontend.separateErrors ? LEVEL_ERR : LEVEL_INFO;
  sendLine(stream, step, `txn_${step}`, level, logger.line);
}

/** Logs a request that could not be read: no stream came of it. */
export function logUnread(stream: Stream): void {
  const { frontend, log, env } = stream;
  const { logger } = frontend;
  if (logger === null || log.logged || stream.silentLog) return;
  log.logged = true;
  log.closedAt = env.now();
  sendLine(stream, 'error', 'sess_error', errorLevel(stream), logger.error ?? logger.line);
}

function errorLevel({ frontend }: Stream): number {
  return frontend.separateErrors ? LEVEL_ERR : LEVEL_INFO;
}

/** The steps that `log-steps` lists, or null where lines are made as soon as all is known, or there is no format. */
function stepsOf({ logAsap, config }: Stream['frontend']): readonly LogStep[] | null {
  return logAsap ? null : config.logSteps;
}

/** Whether streams of the frontend log at their end. */
function logsAtEnd({ frontend }: Stream): boolean {
  const steps = stepsOf(frontend);
  return steps === null || (steps.includes('close') && frontend.logger?.when !== 'accept');
}

/** Logs a stream on its way, where `log-steps` asks for it, or all that its line tells is known. */
export function logStep(stream: Stream, step: 'accept' | 'request' | 'connect' | 'response'): void {
  const { logger, dontLogNormal } = stream.frontend;
  if (logger === null) return;
  const steps = stepsOf(stream.frontend);
  if (steps === null) {
    if (logger.when === 'accept' && step === 'accept') logConnect(stream, logger);
    else if (logger.when === 'answer' && step === (stream.raw ? 'connect' : 'response')) logOnce(stream, step);
    return;
  }
  if (stream.silentLog || !steps.includes(step) || logger.when === 'accept') return;
  if (dontLogNormal && !isError(stream)) return;
  const { log } = stream;
  const { requestEnd } = log;
  // How long the request took is not told before rules have seen it.
  if (step === 'request') log.requestEnd = 0;
  log.closedAt = stream.env.now();
  sendLine(stream, step, `txn_${step}`, stream.logLevel >= 0 ? stream.logLevel : LEVEL_INFO, logger.line);
  log.requestEnd = requestEnd;
}

/** Without a format a line tells that there is a stream, whatever comes of it. */
function logConnect(stream: Stream, { line }: LogFormatter): void {
  stream.log.logged = true;
  sendLine(stream, 'accept', 'txn_accept', LEVEL_INFO, line);
}

/** Logs a stream where a rule says so (`do-log`), with a profile of the rule's own or as each target has it. */
export function logByRule(stream: Stream, step: LogStep, profile: LogProfile | null): void {
  const { logger } = stream.frontend;
  // Before there is a request nothing else is logged, but what such a rule says is.
  if (logger === null || (stream.silentLog && stream.method !== '')) return;
  stream.log.closedAt = stream.env.now();
  sendLine(stream, step, step, stream.logLevel >= 0 ? stream.logLevel : LEVEL_INFO, logger.line, profile);
}

/** Logs a connection that failed before there was anything to log. `plain`: the line where no format is set for it. */
export function logConnectionError(stream: Stream, plain: (stream: Stream) => string): void {
  const { logger } = stream.frontend;
  if (logger === null) return;
  stream.log.requestLine = '<BADREQ>';
  stream.log.closedAt = stream.env.now();
  const format = logger.error ?? { format: () => plain(stream), binary: false };
  sendLine(stream, 'error', 'sess_killed', errorLevel(stream), format);
}

/** Sends a line, and what profiles make of it. */
function sendLine(
  stream: Stream,
  step: LogStep,
  origin: string,
  level: number,
  format: LineOf,
  own: LogProfile | null = null,
): void {
  const { env, frontend, log } = stream;
  const logger = frontend.logger!;
  log.origin = origin;
  const text = format.format(stream);
  const sd = logger.sd === null ? null : logger.sd.format(stream);
  const plain: LogText = { text, sd, binary: format.binary };
  const mine = own === null ? plain : profiled(stream, own, step, plain);
  if (mine === null) return;
  const line = { proxy: frontend.id, level, ...mine, date: log.acceptDate, made: env.now() };
  if (own !== null || logger.profiles.length === 0) env.log(line);
  else {
    const profiles = logger.profiles.map((profile) => [profile.name, profiled(stream, profile, step, plain)] as const);
    env.log({ ...line, profiles: Object.fromEntries(profiles) });
  }
  Atomics.add(frontend.g, G.logLines, 1);
}

/** What a profile makes of a line; null: nothing is logged. */
function profiled(stream: Stream, { steps }: LogProfile, step: LogStep, plain: LogText): LogText | null {
  const found = steps.get(step) ?? steps.get('any');
  if (found === undefined) return plain;
  if (found === 'drop') return null;
  const { line, sd } = found;
  const mine = line === null ? plain : { text: line.format(stream), binary: line.binary };
  return { text: mine.text, binary: mine.binary, sd: sd === null ? plain.sd : sd.format(stream) };
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
