/**
 * Node's stream handles, below node:net. The data path works on them directly: a `net.Socket` costs several kilobytes and about
 * half of the CPU time of a small exchange (docs/data-path.md has the figures). They are reached through `process.binding`, which
 * Node documents as deprecated (DEP0111) but keeps for such uses; this file is the only one that names it.
 */

/** One write in flight; libuv keeps it until `oncomplete`. */
export interface WriteRequest {
  handle: StreamHandle | null;
  oncomplete: ((status: number) => void) | null;
  conn: unknown;
  /** What is being written: libuv holds a pointer only, so it must not be collected before `oncomplete`. */
  buffer: Uint8Array | null;
}

/** A libuv stream (TCP or pipe). Methods return 0 or a negative errno. */
export interface StreamHandle {
  onread: ((this: StreamHandle, chunk: ArrayBuffer | undefined) => Uint8Array | undefined) | null;
  onconnection: ((this: StreamHandle, status: number, client: StreamHandle) => void) | null;
  /** Free for the driver's use. */
  conn: unknown;
  readonly fd: number;
  readonly writeQueueSize: number;
  readStart(): number;
  readStop(): number;
  useUserBuffer(buffer: Uint8Array): void;
  shutdown(request: object): number;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  writeLatin1String(request: WriteRequest, text: string): number;
  close(done?: () => void): void;
  reset?(done?: () => void): number;
  ref(): void;
  unref(): void;
  getpeername?(out: Record<string, unknown>): number;
  getsockname?(out: Record<string, unknown>): number;
  setNoDelay?(on: boolean): number;
  setKeepAlive?(on: boolean, delaySeconds: number): number;
  bind?(host: string, port: number, flags?: number): number;
  bind6?(host: string, port: number, flags?: number): number;
  connect(request: object, host: string, port?: number): number;
  connect6?(request: object, host: string, port: number): number;
  open(fd: number): number;
}

/** What is below node:crypto's X509Certificate. */
export interface CertificateHandle {
  /** DER. */
  raw(): Buffer;
  /** The next one that the peer sent. */
  getIssuerCert(): CertificateHandle | undefined;
}

/** Node's `tls.SecureContext.context`: made by node:tls. */
export interface NativeContext {
  /** PEM: a certificate, and what follows it is put behind the chain that there is; and its key. Connections that have begun keep theirs. */
  setCert(pem: Uint8Array): void;
  setKey(pem: Uint8Array): void;
  /** Nothing begins with it any more; what has begun goes on. */
  close(): void;
}

/**
 * TLS on top of a stream handle, itself a stream of what is decrypted. One write at a time: a second one before `oncomplete` ends the
 * process. Nothing may be asked of it after `destroySSL`.
 */
export interface TlsHandle extends StreamHandle {
  onhandshakedone: ((this: TlsHandle) => void) | null;
  onerror: ((this: TlsHandle, error: Error & { code?: string }) => void) | null;
  onnewsession: ((this: TlsHandle, id: Buffer, session: Buffer) => void) | null;
  onclienthello: ((this: TlsHandle) => void) | null;
  onkeylog: ((this: TlsHandle, line: Buffer) => void) | null;
  /** Takes bytes that were read from the stream before. */
  receive(bytes: Uint8Array): void;
  /** Client side: sends the hello. */
  start(): void;
  setALPNProtocols(wire: Buffer): void;
  /** Server side: ask for a certificate; refuse clients without. What is wrong with one that comes is told by `verifyError`. */
  setVerifyMode(request: boolean, require: boolean): void;
  setServername(name: string): void;
  setSession(session: Uint8Array): void;
  /** Server side: the session that the client's hello names. */
  loadSession(session: Uint8Array): void;
  /** `onnewsession` is called; on the server side the hello is first given to `onclienthello`, which must call `clientHelloDone`. */
  enableSessionCallbacks(): void;
  clientHelloDone(): void;
  newSessionDone(): void;
  enableKeylogCallback(): void;
  setOCSPResponse(response: Uint8Array): void;
  setMaxSendFragment(bytes: number): void;
  getSession(): Buffer | undefined;
  isSessionReused(): boolean;
  getProtocol(): string;
  getCipher(): { readonly name: string; readonly standardName: string; readonly version: string };
  getALPNNegotiatedProtocol(): string | false;
  getX509Certificate(): CertificateHandle | undefined;
  getPeerX509Certificate(): CertificateHandle | undefined;
  getFinished(): Buffer | undefined;
  getPeerFinished(): Buffer | undefined;
  /** null: the peer's certificate is fine. */
  verifyError(): (Error & { readonly code: string }) | null;
  destroySSL(): void;
}

/** A stream of the library whose bytes come and go here: what it calls is set by who makes it, methods return 0 or a negative errno. */
export interface JsStream extends StreamHandle {
  isClosing: () => boolean;
  onreadstart: () => number;
  onreadstop: () => number;
  onwrite: (request: object, pieces: readonly Buffer[]) => number;
  onshutdown: (request: object) => number;
  readBuffer(bytes: Uint8Array): void;
  emitEOF(): void;
  finishWrite(request: object, status: number): void;
  finishShutdown(request: object, status: number): void;
}

/** An outgoing connection in progress. */
export interface ConnectRequest {
  oncomplete: ((status: number, handle: StreamHandle, request: ConnectRequest) => void) | null;
  conn: unknown;
}

interface Bindings {
  tcp_wrap: {
    TCP: new (type: number) => StreamHandle;
    TCPConnectWrap: new () => ConnectRequest;
    constants: { SOCKET: number; SERVER: number };
  };
  pipe_wrap: {
    Pipe: new (type: number) => StreamHandle;
    PipeConnectWrap: new () => ConnectRequest;
    constants: { SOCKET: number; SERVER: number };
  };
  stream_wrap: {
    WriteWrap: new () => WriteRequest;
    ShutdownWrap: new () => { oncomplete: ((status: number) => void) | null; handle: StreamHandle | null };
    kReadBytesOrError: number;
    kLastWriteWasAsync: number;
    streamBaseState: Int32Array;
  };
  js_stream: { JSStream: new () => JsStream };
  tls_wrap: {
    wrap(stream: StreamHandle, context: NativeContext, isServer: boolean, hasActiveWrite: boolean): TlsHandle;
  };
  uv: { errname(code: number): string; [name: `UV_${string}`]: number };
}

const binding = (process as unknown as { binding<K extends keyof Bindings>(name: K): Bindings[K] }).binding;

export const tcpWrap = binding('tcp_wrap');
export const pipeWrap = binding('pipe_wrap');
export const streamWrap = binding('stream_wrap');
export const jsStream = binding('js_stream');
export const tlsWrap = binding('tls_wrap');
const uv = binding('uv');

export const UV_EOF = uv['UV_EOF']!;
export const UV_ECANCELED = uv['UV_ECANCELED']!;

/** Name of a libuv error (`ECONNREFUSED`). */
export function errorName(code: number): string {
  return uv.errname(code);
}
