import { type NativeContext, type TlsHandle, tlsWrap } from './bindings.ts';
import { noHandler } from './no-handler.ts';
import { HandleConn } from './tcp.ts';
import { TlsConn } from './tls-conn.ts';
import type { Conn, ConnHandler } from './transport.ts';
import { WatchedStream } from './watched-stream.ts';

/* Handshakes: how a connection begins to be one over TLS, either side. */

/** What a server answers a hello with. */
export interface ServerHandshake {
  readonly context: NativeContext;
  /** The protocol chosen by ALPN, null for none. */
  readonly alpn: string | null;
  /** Whether the client is asked for a certificate, and refused without. */
  readonly verify: 'none' | 'optional' | 'required';
  readonly ocsp: Uint8Array | null;
  /** The session that the hello names, as `onSession` was given it. */
  readonly session: Uint8Array | null;
  /** Sessions are to be told, since the client keeps no tickets. */
  readonly onSession: ((id: Buffer, session: Buffer) => void) | null;
  /** `onKeylog` is told lines of key material, in NSS's format. */
  readonly keylog: boolean;
  /** The hellos of both sides are read on their way (`TlsConn.watched`). */
  readonly watch: boolean;
  /** Largest record, 0: the protocol's. */
  readonly maxRecord: number;
}

/** What a client begins with. */
export interface ClientHandshake {
  readonly context: NativeContext;
  /** Name for SNI, '' for none. */
  readonly servername: string;
  readonly alpn: readonly string[];
  /** A session to resume, as `onSession` was given it. */
  readonly session: Uint8Array | null;
  readonly onSession: ((session: Buffer) => void) | null;
  readonly keylog: boolean;
  readonly watch: boolean;
  /** Called once, when the connection ends on either side. */
  readonly onClosed: (() => void) | null;
}

function onNewSession(this: TlsHandle, id: Buffer, session: Buffer): void {
  (this.conn as TlsConn).onSession?.(id, session);
  this.newSessionDone();
}

/** The hello was read before: nothing more is wanted of it. */
function onClientHello(this: TlsHandle): void {
  this.clientHelloDone();
}

function onClientSession(this: TlsHandle, id: Buffer, session: Buffer): void {
  (this.conn as TlsConn).onSession?.(id, session);
}

function onKeylog(this: TlsHandle, line: Buffer): void {
  (this.conn as TlsConn).onKeylog?.(line.latin1Slice().trimEnd());
}

/** Protocols as ALPN has them on the wire. */
function alpnWire(protocols: readonly string[]): Buffer {
  return Buffer.concat(protocols.map((name) => Buffer.from(`${String.fromCharCode(name.length)}${name}`, 'latin1')));
}

const wires = new Map<string, Buffer>();

function wireOf(protocol: string): Buffer {
  let wire = wires.get(protocol);
  if (wire === undefined) {
    wire = alpnWire([protocol]);
    wires.set(protocol, wire);
  }
  return wire;
}

/** Makes ready to answer a client's hello, which is given to `begin`. `conn` belongs to the result from now on. */
export function acceptTls(conn: Conn, setup: ServerHandshake, handler: ConnHandler): TlsConn {
  const result = wrap(conn, setup, true, handler);
  const { tls } = result;
  if (setup.verify !== 'none') tls.setVerifyMode(true, setup.verify === 'required');
  if (setup.alpn !== null) tls.setALPNProtocols(wireOf(setup.alpn));
  if (setup.ocsp !== null) tls.setOCSPResponse(setup.ocsp);
  if (setup.maxRecord > 0) tls.setMaxSendFragment(setup.maxRecord);
  if (setup.onSession !== null) {
    result.onSession = setup.onSession;
    tls.onnewsession = onNewSession;
    tls.onclienthello = onClientHello;
    tls.enableSessionCallbacks();
  }
  if (setup.session !== null) tls.loadSession(setup.session);
  logKeys(tls, setup.keylog);
  return result;
}

/** Makes ready to speak TLS as a client on a connection that is established; `hello` begins it. `conn` belongs to the result from now on. */
export function connectTls(conn: Conn, setup: ClientHandshake, handler: ConnHandler): TlsConn {
  const result = wrap(conn, setup, false, handler);
  const { tls } = result;
  if (setup.servername !== '') tls.setServername(setup.servername);
  if (setup.alpn.length > 0) tls.setALPNProtocols(alpnWire(setup.alpn));
  if (setup.onSession !== null) {
    const { onSession } = setup;
    result.onSession = (_id, session) => onSession(session);
    tls.onnewsession = onClientSession;
    tls.enableSessionCallbacks();
  }
  if (setup.session !== null) tls.setSession(setup.session);
  result.onClosed = setup.onClosed;
  logKeys(tls, setup.keylog);
  return result;
}

function logKeys(tls: TlsHandle, wanted: boolean): void {
  if (!wanted) return;
  tls.onkeylog = onKeylog;
  tls.enableKeylogCallback();
}

/** Puts the library onto a connection, of which nobody else is told anything more. */
function wrap(
  conn: Conn,
  { context, watch }: { readonly context: NativeContext; readonly watch: boolean },
  isServer: boolean,
  handler: ConnHandler,
): TlsConn {
  if (!(conn instanceof HandleConn)) throw new TypeError('TLS needs a connection of the system');
  conn.handler = noHandler;
  const watched = watch ? new WatchedStream(conn) : null;
  const tls = tlsWrap.wrap(watched?.handle ?? conn.handle, context, isServer, false);
  return new TlsConn(conn, tls, watched, handler);
}
