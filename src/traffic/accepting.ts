import { connectionError } from '../expr/connection-errors.ts';
import { connectionErrorLine } from '../expr/log/connection.ts';
import type { EndpointView } from '../expr/types.ts';
import { C } from '../model/counters.ts';
import { readClientHello } from '../net/client-hello.ts';
import { CIP_ERRORS, parseCipHeader } from '../net/netscaler-cip.ts';
import { PROXY_ERRORS, parseProxyHeader } from '../net/proxy-protocol.ts';
import type { Conn, ConnHandler } from '../net/transport.ts';
import type { Client } from './client.ts';
import { ConnClient, type Introduction } from './conn-client.ts';
import { countFront } from './counting.ts';
import type { Env } from './env.ts';
import type { TrafficFrontend, TrafficListener } from './frontend.ts';
import { logConnectionError, setCause } from './log.ts';
import { runRule } from './rules/run-rule.ts';
import { type Rule, Verdict } from './rules/types.ts';
import { Stream } from './stream.ts';
import type { Timed } from './timer.ts';
import { countFailure, countHandshake, REFUSED_NAME, serve, TLS_MESSAGES } from './tls/handshake.ts';
import { countSession, Event } from './tracking.ts';

/** A PROXY protocol header is not longer than this. */
const HEADER_MAX = 16_384;

/** What a connection is waiting for. */
const Step = { cip: 0, proxy: 1, hello: 2, handshake: 3, over: 4 } as const;

/** What is told when a header is waited for and something else happens. */
const WAITING: readonly { readonly closed: string; readonly error: string; readonly timeout: string }[] = [
  {
    closed: 'Connection closed while waiting for NetScaler Client IP header',
    error: 'Connection error while waiting for NetScaler Client IP header',
    timeout: 'Timeout while waiting for a NetScaler Client IP header',
  },
  {
    closed: 'Connection closed while waiting for PROXY protocol header',
    error: 'Connection error while waiting for PROXY protocol header',
    timeout: 'Timeout while waiting for PROXY protocol header',
  },
];

/** What becomes of a connection that was let in: `start` makes its session. */
export interface Admission {
  start(conn: Conn, introduction: Introduction): ConnHandler;
  ended(): void;
}

/**
 * A connection between accept and session, where something must happen first: `tcp-request connection` rules, a NetScaler client IP
 * header, a PROXY protocol header, a TLS handshake, `tcp-request session` rules.
 */
export class Accepting extends ConnClient implements Client, ConnHandler, Timed {
  readonly proto = 'tcp';
  readonly exchanges = 1;
  readonly #admission: Admission;
  #held: Buffer | null = null;
  #step: number = Step.cip;
  expires = 0;
  timerSlot = -1;
  timerNext: Timed | null = null;
  timerPrev: Timed | null = null;

  constructor(env: Env, conn: Conn, frontend: TrafficFrontend, listener: TrafficListener, admission: Admission) {
    super(env, conn, frontend, listener, null);
    this.#admission = admission;
    conn.handler = this;
  }

  /** Runs the first rules; false when the connection was refused. */
  begin(): boolean {
    if (!this.#allowed(this.frontend.rules?.connection ?? null, C.deniedConn)) return false;
    const { acceptProxy, netscalerCip } = this.listener.config;
    this.expectsProxy ||= acceptProxy;
    this.expectsCip ||= netscalerCip !== null;
    const headed = this.expectsProxy || this.expectsCip;
    if (!headed && this.listener.tls === null) return this.#session();
    const { requestTimeout, clientTimeout } = this.frontend;
    const timeout = headed ? requestTimeout || clientTimeout : clientTimeout;
    if (timeout > 0) this.env.wheel.arm(this, this.env.now() + timeout);
    this.#step = this.expectsCip ? Step.cip : this.expectsProxy ? Step.proxy : Step.hello;
    return true;
  }

  /** Evaluates rules that accept or reject. */
  #allowed(rules: readonly Rule[] | null, counter: number): boolean {
    if (rules === null) return true;
    const stream = this.#stream();
    for (const rule of rules) {
      if (rule.condition !== null && !rule.condition(stream)) continue;
      const verdict = runRule(stream, rule);
      if (verdict === Verdict.next) continue;
      if (verdict === Verdict.stop) break;
      countFront(stream, counter);
      stream.recycle();
      // A connection that is refused at once ends by a reset alone.
      this.#end(counter === C.deniedConn);
      return false;
    }
    const { sourceOverride: from, destinationOverride: to } = stream;
    if (counter === C.deniedSess) this.#say(from, to);
    else {
      this.sourceView = from ?? this.sourceView;
      this.destinationView = to ?? this.destinationView;
    }
    stream.recycle();
    return true;
  }

  /** A header or a rule says the addresses of the session; those of the connection stay what they were. */
  #say(from: EndpointView | null, to: EndpointView | null): void {
    if (from !== null) {
      this.connectionSource ??= this.source;
      this.sourceView = from;
    }
    if (to !== null) {
      this.connectionDestination ??= this.destination;
      this.destinationView = to;
    }
  }

  /** For what is evaluated before there is a session. */
  #stream(): Stream {
    const stream = Stream.start(this.env, this, this.frontend, this.listener);
    stream.raw = true;
    stream.log.acceptDate = this.acceptedAt;
    stream.log.requestDate = this.acceptedAt;
    // Connections that rules refuse now are not logged (manual, "tcp-request connection").
    stream.silentLog = true;
    return stream;
  }

  #session(): boolean {
    if (!this.#allowed(this.frontend.rules?.session ?? null, C.deniedSess)) return false;
    this.#step = Step.over;
    this.env.wheel.disarm(this);
    countSession(this.tracking, Event.session, this.env.now());
    const handler = this.#admission.start(this.conn, {
      source: this.sourceView,
      destination: this.destinationView,
      connectionSource: this.connectionSource,
      connectionDestination: this.connectionDestination,
      proxied: this.proxied,
      tlvs: this.tlvs,
      vars: this.sessionVars,
      tls: this.tls,
      acceptedAt: this.acceptedAt,
      handshakeTime: this.env.now() - this.acceptedAt,
      savedSyn: this.savedSyn,
      tracking: this.tracking,
    });
    const held = this.#held;
    this.#held = null;
    if (held !== null && held.length > 0) handler.onData(held, 0, held.length);
    return true;
  }

  onData(buf: Uint8Array, start: number, end: number): void {
    const bytes = Buffer.from(buf.buffer, buf.byteOffset + start, end - start);
    const all = this.#held === null ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = null;
    if (this.#step === Step.cip) this.#cipHeader(all);
    else if (this.#step === Step.proxy) this.#proxyHeader(all);
    else if (this.#step === Step.hello) this.#hello(all);
  }

  #cipHeader(bytes: Buffer): void {
    // A rule asks for the header, the `bind` line alone has its magic number: without one it is 0, as for HAProxy.
    const header = parseCipHeader(bytes, this.listener.config.netscalerCip ?? 0, HEADER_MAX);
    if (header === 'more') {
      this.#held = Buffer.from(bytes);
      return;
    }
    if (typeof header === 'string') {
      this.#fail(CIP_ERRORS[header], false);
      return;
    }
    this.#say(header.source, header.destination);
    const rest = bytes.subarray(header.length);
    if (!this.expectsProxy) {
      this.#headersRead(rest);
      return;
    }
    this.#step = Step.proxy;
    if (rest.length > 0) this.#proxyHeader(rest);
  }

  #proxyHeader(bytes: Buffer): void {
    const header = parseProxyHeader(bytes, HEADER_MAX);
    if (header === 'more') {
      this.#held = Buffer.from(bytes);
      return;
    }
    if (typeof header === 'string') {
      this.#fail(PROXY_ERRORS[header], false);
      return;
    }
    this.proxied = true;
    this.tlvs = header.tlvs;
    this.#say(header.source, header.destination);
    this.#headersRead(bytes.subarray(header.length));
  }

  /** TLS or the session comes next; `rest` has come for it already. */
  #headersRead(rest: Buffer): void {
    if (this.listener.tls === null) {
      this.#held = Buffer.from(rest);
      this.#session();
      return;
    }
    this.#step = Step.hello;
    if (rest.length > 0) this.#hello(rest);
  }

  /** Answers the client's hello with the certificate that it asks for. */
  #hello(bytes: Buffer): void {
    const hello = readClientHello(bytes);
    if (hello === 'more') {
      this.#held = Buffer.from(bytes);
      return;
    }
    this.#step = Step.handshake;
    const served = serve(this, hello === 'other' ? null : hello, bytes);
    if (typeof served === 'string') {
      if (served === TLS_MESSAGES.handshake) this.conn.write(REFUSED_NAME, 0, REFUSED_NAME.length);
      this.#failTls(served);
      return;
    }
    this.tls = served;
    this.conn = served.conn;
  }

  /** The handshake is done. */
  onConnect(): void {
    const tls = this.tls!;
    const verdict = tls.established();
    if (verdict !== 'ok') {
      this.#failTls(TLS_MESSAGES[verdict]);
      return;
    }
    countHandshake(this, tls);
    this.#session();
  }

  onEnd(): void {
    if (this.#step === Step.hello) this.#failTls(TLS_MESSAGES.closed);
    else if (this.#held !== null)
      this.#fail(this.#step === Step.cip ? CIP_ERRORS.truncated : PROXY_ERRORS['too-long'], false);
    else this.#fail(WAITING[this.#step]!.closed, true);
  }

  onDrain(): void {}

  onError(): void {
    if (this.#step > Step.proxy) this.#failTls(TLS_MESSAGES.handshake);
    else this.#fail(WAITING[this.#step]!.error, true);
  }

  onTimeout(): void {
    if (this.#step <= Step.proxy) this.#fail(WAITING[this.#step]!.timeout, true);
    else this.#fail(TLS_MESSAGES.timeout, false);
  }

  #failTls(message: string): void {
    countFailure(this);
    this.#fail(message, message === TLS_MESSAGES.closed);
  }

  /** No session comes of it: logs why, and ends. `empty`: `option dontlognull` leaves it out. */
  #fail(message: string, empty: boolean): void {
    const { frontend, listener } = this;
    if (this.#step !== Step.over && frontend.logger !== null && !(empty && frontend.dontLogNull)) {
      this.error = connectionError(message);
      const stream = this.#stream();
      setCause(stream, 'P', 'R');
      logConnectionError(stream, ({ source, destination, log }) =>
        connectionErrorLine(
          { source, destination, frontend, listenerId: listener.id, listenerName: listener.name, log },
          message,
        ),
      );
      stream.recycle();
    }
    this.#end();
  }

  #end(reset = false): void {
    if (this.#step === Step.over) return;
    this.#step = Step.over;
    this.env.wheel.disarm(this);
    this.conn.destroy(reset);
    this.#admission.ended();
  }

  abort(reset: boolean): void {
    if (reset) this.conn.destroy(true);
    this.#end();
  }

  exchangeDone(stream: Stream): void {
    setCause(stream, 'P', 'C');
    this.#end();
  }

  closeIfIdle(): void {
    this.#end();
  }

  pause(): void {}
  resume(): void {}
  giveBack(): void {}

  sendResponse(): number {
    throw new Error('no session yet');
  }
  sendBody(): number {
    throw new Error('no session yet');
  }
  sendData(): void {
    throw new Error('no session yet');
  }
  sendInterim(): void {
    throw new Error('no session yet');
  }
  sendLocal(): void {
    throw new Error('no session yet');
  }
}
