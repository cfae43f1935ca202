import { resetWhenDelivered } from '../net/reset-when-delivered.ts';
import type { Conn, ConnHandler } from '../net/transport.ts';
import type { Client } from './client.ts';
import { ConnClient, type Introduction } from './conn-client.ts';
import { dispatch, enterBackend } from './dispatch.ts';
import type { Env } from './env.ts';
import type { TrafficFrontend, TrafficListener } from './frontend.ts';
import { connectionEnded, switchConnection } from './listeners.ts';
import { logStep, setCause } from './log.ts';
import { applyRequestPersistence, applyStickiness } from './persistence.ts';
import { Phase } from './phase.ts';
import { inspectRequest } from './rules/inspect.ts';
import { Stream } from './stream.ts';
import { chooseBackend } from './switching.ts';
import { onClientBroken, onClientData, onClientEnded, onClientLate } from './tcp-waiting.ts';
import * as tunnel from './tunnel.ts';
import { countCall } from './work.ts';

/** A client connection in mode tcp: one stream for its whole life. */
export class TcpClient extends ConnClient implements Client, ConnHandler {
  readonly proto = 'tcp';
  readonly exchanges = 1;
  stream: Stream | null;
  closed = false;

  constructor(
    env: Env,
    conn: Conn,
    frontend: TrafficFrontend,
    listener: TrafficListener,
    introduction: Introduction | null,
  ) {
    super(env, conn, frontend, listener, introduction);
    conn.handler = this;
    this.stream = Stream.start(env, this, frontend, listener);
  }

  /** Starts: rules, backend, server. */
  begin(): void {
    const stream = this.stream!;
    const { log } = stream;
    stream.raw = true;
    stream.phase = Phase.rules;
    log.acceptDate = this.acceptedAt;
    log.requestDate = this.acceptedAt + this.handshakeTime;
    log.requestEnd = log.requestDate;
    log.handshakeTime = this.handshakeTime;
    const { frontend } = this;
    stream.clientUntil = frontend.clientTimeout > 0 ? log.requestDate + frontend.clientTimeout : 0;
    stream.schedule();
    logStep(stream, 'accept');
    inspectRequest(stream, frontend.rules?.content ?? null, frontend.rules?.inspectDelay ?? 0, proceed);
  }

  pause(): void {
    this.conn.pause();
  }

  resume(): void {
    this.conn.resume();
  }

  giveBack(): void {}

  onConnect(): void {}

  onData(buf: Buffer, start: number, end: number): void {
    const { stream } = this;
    if (stream === null) return;
    countCall(stream);
    if (stream.phase !== Phase.tunnel) {
      this.#hold(stream, buf, start, end);
      return;
    }
    const bulk = this.conn.bulk && end - start > 0 && this.conn.ownsBuffer(buf);
    tunnel.fromClient(stream, buf, start, end, bulk);
    if (!this.conn.bulk && end - start >= 16384 && stream.uploads === null) this.conn.readBulk(true);
  }

  /** Keeps what comes before there is a server to send it to, up to tune.bufsize. */
  #hold(stream: Stream, buf: Buffer, start: number, end: number): void {
    onClientData(stream);
    const length = stream.pendingLength + end - start;
    if (length > stream.pending.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, stream.pending.length * 2));
      stream.pending.copy(grown, 0, 0, stream.pendingLength);
      stream.pending = grown;
    }
    buf.copy(stream.pending, stream.pendingLength, start, end);
    stream.pendingLength = length;
    if (length >= this.env.global.tune.bufsize) this.pause();
    stream.onPayload();
  }

  onEnd(): void {
    const { stream } = this;
    if (stream === null) return;
    countCall(stream);
    if (stream.phase === Phase.tunnel) {
      tunnel.onClientEnd(stream);
      return;
    }
    stream.clientEnded = true;
    // Nothing was asked: nobody will miss the connection, once the rules have seen that.
    if (!stream.inspecting && (stream.pendingLength === 0 || stream.backend?.abortOnClose === true))
      onClientEnded(stream);
    else stream.onPayload();
  }

  /** HTTP is spoken from here on: what the client has sent is read as requests, each with a stream of its own. */
  switchToHttp(proto: 'h1' | 'h2' | null): void {
    const stream = this.stream!;
    if (this.listener.config.proto === 'none') {
      // A backend's mode asks for it where rules have not: that is no mistake of the client, but one of the configuration.
      setCause(stream, stream.backend === null ? 'P' : 'R', 'R');
      tunnel.close(stream);
      return;
    }
    const { clientEnded } = stream;
    const held = Buffer.from(stream.pending.subarray(0, stream.pendingLength));
    this.stream = null;
    this.closed = true;
    stream.silentLog = true;
    stream.phase = Phase.closed;
    stream.recycle();
    const next = switchConnection(this, proto);
    this.conn.resume();
    if (held.length > 0) next.onData(held, 0, held.length);
    if (clientEnded && !this.conn.closed) this.conn.handler.onEnd();
  }

  onDrain(): void {
    if (this.stream === null) return;
    countCall(this.stream);
    tunnel.onClientDrain(this.stream);
  }

  onError(): void {
    const { stream } = this;
    if (stream?.inspecting === true && stream.onMoreData !== null) {
      // Rules that wait for more decide on what there is: they say which backend it would have been.
      stream.clientEnded = true;
      stream.clientBroken = true;
      stream.onPayload();
    } else if (stream?.phase === Phase.tunnel) tunnel.onClientGone(stream);
    else if (stream !== null) onClientBroken(stream);
    this.#gone();
  }

  sendResponse(): number {
    throw new Error('mode tcp has no responses');
  }

  sendBody(): number {
    throw new Error('mode tcp has no responses');
  }

  sendData(): void {
    throw new Error('mode tcp has no responses');
  }

  sendInterim(): void {
    throw new Error('mode tcp has no responses');
  }

  sendLocal(): void {
    throw new Error('mode tcp has no responses');
  }

  exchangeDone(): void {
    this.abort(false);
  }

  abort(reset: boolean): void {
    this.stream = null;
    if (!reset && this.frontend.noLinger) {
      // It counts as long as its socket is there.
      resetWhenDelivered(this.conn, this.frontend.clientTimeout, () => this.#gone());
      return;
    }
    if (reset) this.conn.destroy(true);
    else this.conn.closeGently();
    this.#gone();
  }

  #gone(): void {
    if (this.closed) return;
    this.closed = true;
    connectionEnded(this.env, this.frontend, this.listener, this);
  }

  closeIfIdle(): void {}
}

/** The frontend's rules are through: to the backend. */
function proceed(stream: Stream): void {
  logStep(stream, 'request');
  chooseBackend(stream);
  const { backend, frontend } = stream;
  if (backend === null) {
    setCause(stream, 'S', 'C');
    tunnel.close(stream);
    return;
  }
  if (backend.config.mode === 'http') {
    if (stream.clientLate) onClientLate(stream);
    else (stream.client as TcpClient).switchToHttp(null);
    return;
  }
  enterBackend(stream);
  if (stream.maxRetries < 0) stream.maxRetries = backend.retries;
  stream.retriesLeft = stream.maxRetries;
  const content = backend.id === frontend.id ? null : (backend.rules?.content ?? null);
  inspectRequest(stream, content, backend.rules?.inspectDelay ?? 0, toServer);
}

/** The backend's rules are through: to a server. */
function toServer(stream: Stream): void {
  applyRequestPersistence(stream);
  applyStickiness(stream);
  if (stream.clientBroken || stream.clientLate) {
    // Who is gone counts on the server that was meant for it.
    stream.server = stream.preferred;
    if (stream.clientBroken) onClientBroken(stream);
    else onClientLate(stream);
    return;
  }
  stream.clientDue = stream.pendingLength === 0 ? stream.clientUntil : 0;
  stream.clientUntil = 0;
  dispatch(stream);
}
