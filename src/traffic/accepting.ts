import { connectionErrorLine } from '../expr/log/connection.ts';
import { C } from '../model/counters.ts';
import { PROXY_ERRORS, parseProxyHeader } from '../net/proxy-protocol.ts';
import type { Conn, ConnHandler } from '../net/transport.ts';
import type { Client } from './client.ts';
import { ConnClient, type Introduction } from './conn-client.ts';
import type { Env } from './env.ts';
import type { TrafficFrontend, TrafficListener } from './frontend.ts';
import { LEVEL_ERR, LEVEL_INFO, setCause } from './log.ts';
import { type Rule, Verdict } from './rules/types.ts';
import { Stream } from './stream.ts';
import type { Timed } from './timer.ts';

/** A PROXY protocol header is not longer than this. */
const HEADER_MAX = 16_384;

/** What becomes of a connection that was let in: `start` makes its session. */
export interface Admission {
  start(conn: Conn, introduction: Introduction): ConnHandler;
  ended(): void;
}

/**
 * A connection between accept and session, where something must happen first: `tcp-request connection` rules, a PROXY protocol header,
 * `tcp-request session` rules.
 */
export class Accepting extends ConnClient implements Client, ConnHandler, Timed {
  readonly proto = 'tcp';
  readonly exchanges = 1;
  readonly #admission: Admission;
  #held: Buffer;
  #over = false;
  expires = 0;
  timerSlot = -1;
  timerNext: Timed | null = null;
  timerPrev: Timed | null = null;

  constructor(env: Env, conn: Conn, frontend: TrafficFrontend, listener: TrafficListener, admission: Admission) {
    super(env, conn, frontend, listener, null);
    this.#admission = admission;
    this.#held = Buffer.alloc(0);
    conn.handler = this;
  }

  /** Runs the first rules; false when the connection was refused. */
  begin(): boolean {
    if (!this.#allowed(this.frontend.rules?.connection ?? null, C.deniedConn)) return false;
    if (!this.listener.config.acceptProxy) return this.#session();
    const { requestTimeout, clientTimeout } = this.frontend;
    const timeout = requestTimeout || clientTimeout;
    if (timeout > 0) this.env.wheel.arm(this, this.env.now() + timeout);
    return true;
  }

  /** Evaluates rules that accept or reject. */
  #allowed(rules: readonly Rule[] | null, counter: number): boolean {
    if (rules === null) return true;
    const { frontend } = this;
    const stream = this.#stream();
    for (const rule of rules) {
      if (rule.condition !== null && !rule.condition(stream)) continue;
      const verdict = rule.run(stream);
      if (verdict === Verdict.next) continue;
      if (verdict === Verdict.stop) break;
      frontend.c[counter]!++;
      this.#end();
      return false;
    }
    this.sourceView = stream.sourceOverride ?? this.sourceView;
    this.destinationView = stream.destinationOverride ?? this.destinationView;
    stream.silentLog = true;
    stream.recycle();
    return true;
  }

  /** For what is evaluated before there is a session. */
  #stream(): Stream {
    const stream = Stream.start(this.env, this, this.frontend, this.listener);
    stream.raw = true;
    stream.log.acceptDate = this.acceptedAt;
    stream.log.requestDate = this.acceptedAt;
    return stream;
  }

  #session(): boolean {
    if (!this.#allowed(this.frontend.rules?.session ?? null, C.deniedSess)) return false;
    this.#over = true;
    this.env.wheel.disarm(this);
    const handler = this.#admission.start(this.conn, {
      source: this.sourceView,
      destination: this.destinationView,
      proxied: this.proxied,
      vars: this.sessionVars,
    });
    if (this.#held.length > 0) handler.onData(this.#held, 0, this.#held.length);
    return true;
  }

  onConnect(): void {}

  onData(buf: Uint8Array, start: number, end: number): void {
    this.#held = Buffer.concat([this.#held, buf.subarray(start, end)]);
    const header = parseProxyHeader(this.#held, HEADER_MAX);
    if (header === 'more') return;
    if (typeof header === 'string') {
      this.#fail(PROXY_ERRORS[header], false);
      return;
    }
    this.proxied = true;
    if (header.source !== null) this.sourceView = header.source;
    if (header.destination !== null) this.destinationView = header.destination;
    this.#held = this.#held.subarray(header.length);
    this.#session();
  }

  onEnd(): void {
    if (this.#held.length > 0) this.#fail(PROXY_ERRORS['too-long'], false);
    else this.#fail('Connection closed while waiting for PROXY protocol header', true);
  }

  onDrain(): void {}

  onError(): void {
    this.#fail('Connection error while waiting for PROXY protocol header', true);
  }

  onTimeout(): void {
    this.#fail('Timeout while waiting for PROXY protocol header', true);
  }

  /** No session comes of it: logs why, and ends. `empty`: `option dontlognull` leaves it out. */
  #fail(message: string, empty: boolean): void {
    const { env, frontend, listener } = this;
    const { logger } = frontend;
    if (!this.#over && logger !== null && !(empty && frontend.dontLogNull)) {
      const stream = this.#stream();
      const listenerName = listener.config.name ?? '';
      const { source, destination, log } = stream;
      env.log({
        proxy: frontend.id,
        level: frontend.separateErrors ? LEVEL_ERR : LEVEL_INFO,
        text:
          logger.error !== null
            ? logger.error(stream)
            : connectionErrorLine(
                { source, destination, frontend, listenerId: listener.id, listenerName, log },
                message,
              ),
        sd: logger.sd === null ? null : logger.sd(stream),
        date: this.acceptedAt,
      });
      stream.silentLog = true;
      stream.recycle();
    }
    this.#end();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.env.wheel.disarm(this);
    this.conn.destroy();
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
