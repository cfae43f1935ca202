import http2 from 'node:http2';
import type net from 'node:net';
import { C, G } from '../../model/counters.ts';
import { ConnClient, type Introduction } from '../conn-client.ts';
import type { Conn } from '../../net/transport.ts';
import type { Env } from '../env.ts';
import type { TrafficFrontend, TrafficListener } from '../frontend.ts';
import { connectionEnded } from '../listeners.ts';
import type { Timed } from '../timer.ts';
import { H2Exchange } from './exchange.ts';

/** The first bytes of an HTTP/2 connection with prior knowledge (RFC 9113, 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/**
 * A client connection speaking HTTP/2, over node:http2. Its streams become exchanges like any other (`H2Exchange`); here is only what
 * concerns the connection: settings, idle time, end.
 */
export class H2Session extends ConnClient implements Timed {
  readonly exchanges = new Set<H2Exchange>();
  count = 0;
  closed = false;
  readonly #session: http2.ServerHttp2Session;
  expires = 0;
  timerSlot = -1;
  timerNext: Timed | null = null;
  timerPrev: Timed | null = null;

  /** `socket` is the connection as node:http2 wants it; `first` was read from it already. */
  constructor(
    env: Env,
    conn: Conn,
    socket: net.Socket,
    first: Buffer,
    frontend: TrafficFrontend,
    listener: TrafficListener,
    introduction: Introduction,
  ) {
    super(env, conn, frontend, listener, introduction);
    const { tune } = env.global;
    socket.unshift(first);
    this.#session = http2.performServerHandshake(socket, {
      settings: {
        maxConcurrentStreams: tune.h2MaxConcurrentStreams,
        initialWindowSize: tune.h2InitialWindowSize,
        maxFrameSize: tune.h2MaxFrameSize,
        headerTableSize: tune.h2HeaderTableSize,
        maxHeaderListSize: tune.bufsize,
        enableConnectProtocol: false,
      },
      maxSessionInvalidFrames: 100,
      maxSendHeaderBlockLength: 4 * tune.bufsize,
      strictFieldWhitespaceValidation: true,
    });
    Atomics.add(frontend.g, G.h2Open, 1);
    frontend.c[C.h2Connections]!++;
    frontend.c[C.h2Sessions]!++;
    this.#session.on('stream', (stream, headers, _flags, raw) => this.#onStream(stream, headers, raw));
    this.#session.on('close', () => this.#gone());
    this.#session.on('error', () => {
      frontend.c[C.h2Errors]!++;
    });
    this.#session.on('frameError', () => {
      frontend.c[C.h2Errors]!++;
    });
    this.rest();
  }

  #onStream(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders, raw: string[]): void {
    this.env.wheel.disarm(this);
    this.count++;
    this.exchanges.add(new H2Exchange(this, stream, headers, raw));
  }

  /** An exchange is over. */
  done(exchange: H2Exchange): void {
    this.exchanges.delete(exchange);
    if (this.exchanges.size > 0) return;
    if (this.env.stopping) this.#session.close();
    else this.rest();
  }

  /** Nothing is under way: the connection may stay so for a while. */
  rest(): void {
    const { keepAliveTimeout, requestTimeout } = this.frontend;
    const timeout = this.count === 0 ? requestTimeout : keepAliveTimeout;
    if (timeout > 0 && !this.closed) this.env.wheel.arm(this, this.env.now() + timeout);
  }

  onTimeout(): void {
    this.#session.close();
  }

  closeIfIdle(): void {
    if (this.exchanges.size === 0) this.#session.close();
  }

  #gone(): void {
    if (this.closed) return;
    this.closed = true;
    this.env.wheel.disarm(this);
    for (const exchange of [...this.exchanges]) exchange.lost();
    Atomics.sub(this.frontend.g, G.h2Open, 1);
    if (this.ownedConn?.private === true) this.ownedConn.discard();
    connectionEnded(this.env, this.frontend, this.listener, this);
  }
}
