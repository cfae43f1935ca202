import { C, G } from '../../model/counters.ts';
import type { Conn, ConnHandler } from '../../net/transport.ts';
import { ConnClient, type Introduction } from '../conn-client.ts';
import type { Env } from '../env.ts';
import type { TrafficFrontend, TrafficListener } from '../frontend.ts';
import { connectionEnded } from '../listeners.ts';
import type { Timed } from '../timer.ts';
import { H2Exchange } from './exchange.ts';
import { FieldList } from './field-list.ts';
import { H2Error, PREFACE, Setting } from './frames.ts';
import { type FramingOwner, H2Framing } from './framing.ts';
import { IdlePing } from './idle-ping.ts';
import { RequestHead } from './request-head.ts';

/** How long a client may take to read the last frames, ms. */
const LINGER = 1000;

/**
 * A client connection speaking HTTP/2. Its streams become exchanges like any other (`H2Exchange`). What is written in one turn of the
 * event loop leaves in one piece.
 */
export class H2Connection extends ConnClient implements ConnHandler, Timed, FramingOwner<H2Exchange> {
  readonly framing: H2Framing<H2Exchange>;
  count = 0;
  readonly #initialWindow: number;
  readonly #maxStreams: number;
  #prefaceLeft: number = PREFACE.length;
  #closed = false;
  readonly #head = new RequestHead();
  readonly #ping: IdlePing | null;
  /** Requests of this read that are to begin at its end, in their order. */
  readonly #unbegun: H2Exchange[] = [];
  /** The client has ended the connection in an orderly way. */
  clientEnded = false;
  /** It has said that it goes. */
  #leaving = false;
  #reading = false;
  expires = 0;
  timerSlot = -1;
  timerNext: Timed | null = null;
  timerPrev: Timed | null = null;

  override get streams(): number {
    return this.framing.streams.size;
  }

  override get streamsLimit(): number {
    return this.#maxStreams;
  }

  override get glitches(): number {
    return this.framing.glitches;
  }

  constructor(
    env: Env,
    conn: Conn,
    frontend: TrafficFrontend,
    listener: TrafficListener,
    introduction: Introduction | null,
  ) {
    super(env, conn, frontend, listener, introduction);
    const { tune } = env.global;
    this.framing = new H2Framing(env, conn, this);
    const { idlePing } = listener.config;
    this.#ping = idlePing > 0 ? new IdlePing(env.wheel, this.framing.output, idlePing, () => this.#close()) : null;
    this.#initialWindow = tune.h2FeInitialWindowSize ?? tune.h2InitialWindowSize;
    this.#maxStreams = tune.h2FeMaxConcurrentStreams ?? tune.h2MaxConcurrentStreams;
    conn.handler = this;
    Atomics.add(frontend.g, G.h2Open, 1);
    frontend.c[C.h2Connections]!++;
    frontend.c[C.h2Sessions]!++;
    this.framing.output.settings([
      [Setting.maxConcurrentStreams, this.#maxStreams],
      [Setting.initialWindowSize, this.#initialWindow],
      [Setting.headerTableSize, tune.h2HeaderTableSize],
      [Setting.maxHeaderListSize, tune.bufsize],
      ...(env.global.h2WithoutWebSockets ? [] : [[Setting.enableConnectProtocol, 1] as const]),
    ]);
    this.#rest();
  }

  // ---- what the client sends

  onConnect(): void {}

  onData(buf: Buffer, start: number, end: number): void {
    let pos = start;
    if (this.#prefaceLeft > 0) {
      pos = this.#preface(buf, start, end);
      if (pos < 0) return;
    }
    this.#reading = true;
    this.framing.read(buf, pos, end);
    if (this.#unbegun.length > 0) for (const exchange of this.#unbegun.splice(0)) exchange.begin();
    this.#reading = false;
    if (this.#leaving) this.#part();
  }

  /** Offset behind what was seen of the preface, -1 when it is wrong. */
  #preface(buf: Buffer, start: number, end: number): number {
    const seen = Math.min(this.#prefaceLeft, end - start);
    const from = PREFACE.length - this.#prefaceLeft;
    if (PREFACE.compare(buf, start, start + seen, from, from + seen) !== 0) {
      this.framing.fail(H2Error.protocol);
      return -1;
    }
    this.#prefaceLeft -= seen;
    return start + seen;
  }

  /** The trailers of a request. */
  onBlock(exchange: H2Exchange, buf: Buffer, start: number, end: number, ended: boolean): void {
    const trailers = new FieldList();
    if (!this.framing.decoder.decode(buf, start, end, trailers)) this.framing.fail(H2Error.compression);
    else if (ended) exchange.onTrailers(trailers);
    else this.framing.fail(H2Error.protocol);
  }

  /** A request. */
  onNewBlock(id: number, buf: Buffer, start: number, end: number, ended: boolean): void {
    const { env, framing } = this;
    const last = framing.lastStream;
    framing.lastStream = id;
    const frontend = this.current();
    if (framing.streams.size >= this.#maxStreams) {
      if (!framing.skipBlock(buf, start, end)) return;
      framing.sendReset(id, H2Error.refusedStream);
      framing.idle();
      return;
    }
    env.wheel.disarm(this);
    this.#ping?.stop();
    this.count++;
    frontend.c[C.h2Streams]!++;
    frontend.c[C.h2Requests]!++;
    const exchange = new H2Exchange(this, id, this.#initialWindow);
    framing.streams.set(id, exchange);
    this.#head.begin(exchange.stream!);
    if (!framing.decoder.decode(buf, start, end, this.#head)) {
      exchange.lost();
      framing.remove(id);
      // Nobody has looked at it.
      framing.lastStream = last;
      framing.fail(H2Error.compression);
      return;
    }
    if (!exchange.headCame(this.#head, ended)) return;
    // What comes of a body with its head can be sent with it, and again.
    if (ended && this.#unbegun.length === 0) exchange.begin();
    else this.#unbegun.push(exchange);
  }

  onSetting(): void {}

  onSettled(): void {}

  onGoAway(): void {
    this.#leaving = true;
  }

  /** A client that answers may stay idle for longer, unless there is a limit to that alone. */
  onPong(): void {
    this.#ping?.answered();
    const { httpKeepAlive, httpRequest } = this.frontend.config.timeouts;
    if (this.#ping === null || this.framing.streams.size > 0 || this.framing.closing) return;
    if (httpKeepAlive === null && httpRequest === null) this.#armRest();
  }

  // ---- life

  onFlushed(): void {
    if (this.framing.closing) this.#close();
  }

  onDrain(): void {
    this.framing.onDrain();
  }

  onStreamGone(): void {
    if (this.framing.streams.size > 0 || this.framing.closing) return;
    if (this.#leaving) this.#part();
    else if (this.env.stopping) this.#goAway(H2Error.none);
    else this.#rest();
  }

  /** Nothing is under way: the connection may stay so for a while. */
  #rest(): void {
    this.#armRest();
    this.#ping?.start(this.env.now());
  }

  #armRest(): void {
    const { keepAliveTimeout, requestTimeout } = this.frontend;
    const timeout = this.count === 0 ? requestTimeout : keepAliveTimeout;
    if (timeout > 0) this.env.wheel.arm(this, this.env.now() + timeout);
  }

  onTimeout(): void {
    if (this.framing.closing) this.#close();
    else this.#goAway(H2Error.none);
  }

  closeIfIdle(): void {
    if (this.count > 0 && this.framing.streams.size === 0 && !this.framing.closing) this.#goAway(H2Error.none);
  }

  onFailed(code: number, malformed: boolean): void {
    this.frontend.c[C.h2Errors]!++;
    if (malformed) new H2Exchange(this, 0, 0).unread();
    this.#goAway(code);
  }

  /** A rule wants no more of this client: all of its streams end, as in HAProxy with ENHANCE_YOUR_CALM. */
  turnAway(): void {
    this.#goAway(H2Error.enhanceYourCalm);
  }

  #goAway(code: number): void {
    this.#ping?.stop();
    this.framing.goAway(this.framing.lastStream, code);
    this.env.wheel.arm(this, this.env.now() + LINGER);
  }

  /** Ends with the last stream of a client that goes; what came together with its word is served. */
  #part(): void {
    const { framing } = this;
    if (this.#reading || framing.streams.size > 0 || framing.closing) return;
    framing.closing = true;
    this.#ping?.stop();
    this.env.wheel.arm(this, this.env.now() + LINGER);
    framing.output.flush();
    if (!this.conn.blocked) this.#close();
  }

  onEnd(): void {
    this.clientEnded = true;
    this.#close();
  }

  onError(): void {
    this.#close();
  }

  /** Ends at once, with all streams. */
  sever(): void {
    this.conn.destroy(true);
    this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.framing.output.closed = true;
    this.framing.loseAll();
    this.env.wheel.disarm(this);
    this.#ping?.stop();
    this.conn.closeGently();
    Atomics.sub(this.frontend.g, G.h2Open, 1);
    this.leaveServers();
    connectionEnded(this.env, this.frontend, this.listener, this);
  }
}
