/**
 * What expressions (sample fetches, converters, conditions, log-formats) need from the stream that they are evaluated on.
 * `traffic/` implements these views; nothing in `expr/` knows more of it.
 * Strings hold bytes: one char per byte (latin1), never decoded.
 */

import type { TcpInfo } from '../util/libc.ts';
import type { Tracked } from './tables.ts';
import type { VarLimits } from './var-limits.ts';

/** Head of an HTTP message under evaluation. Header names are given and compared in lower case. */
export interface HeadView {
  /** Request only: method and request target as received. */
  readonly method: string;
  readonly uri: string;
  /** Response only; 0 in requests. */
  readonly status: number;
  readonly reason: string;
  /** 10 or 11, 20 for HTTP/2. */
  readonly version: number;
  headerCount(): number;
  headerName(index: number): string;
  headerValue(index: number): string;
  /** Index of the first header called `name` (lower case) at or after `from`, or -1. */
  findHeader(name: string, from: number): number;
}

/** A side of a connection. */
export interface EndpointView {
  /** Text form of the address; '' for unix sockets. */
  readonly host: string;
  readonly port: number;
}

/** Facts about a server for fetches such as `srv_is_up`. */
export interface ServerFacts {
  readonly id: number;
  readonly name: string;
  readonly usable: boolean;
  /** Effective weight (slow start included), in 1/16 units. */
  readonly weight: number;
  /** Current connections and queued streams. */
  connections(): number;
  queued(): number;
  /** Events per second. */
  sessionRate(): number;
  /** As the file says; 0 = no limit. Left out: not known, and fetches that need it give no sample. */
  readonly maxconn?: number;
  readonly maxqueue?: number;
  readonly initialWeight?: number;
  readonly userWeight?: number;
}

/** Facts about a proxy for fetches such as `nbsrv`, `be_conn`. */
export interface ProxyFacts {
  readonly id: number;
  readonly name: string;
  readonly servers: readonly ServerFacts[];
  /** Usable servers: active ones; when none is left, the backup that is in use, or all of them with `option allbackups`. */
  usableServers(): number;
  connections(side: 'frontend' | 'backend'): number;
  queued(): number;
  sessionRate(side: 'frontend' | 'backend'): number;
  requestRate(): number;
  /** Timeouts of the section in ms, 0 = infinite. */
  readonly timeouts?: { readonly [name in TimeoutName]?: number };
  readonly defaultBackend?: string | null;
}

export type TimeoutName = 'client' | 'server' | 'connect' | 'queue' | 'tarpit' | 'tunnel';

/** A value of an expression. `sint` is a bigint only outside the safe integers. Addresses are text; `bin` are bytes in a latin1 string. `meth` is a method name. */
export type SampleType = 'bool' | 'sint' | 'ipv4' | 'ipv6' | 'str' | 'bin' | 'meth';
export type SampleValue = boolean | number | bigint | string;

/** Variables of one scope. */
export type Vars = Map<string, { readonly type: SampleType; readonly value: SampleValue }>;

/** What there is of a body beside the payload that has come. */
export interface BodyExtent {
  /** Bytes that HAProxy counts behind the payload once all is there: names and values of trailers, and one for the end of chunks. */
  readonly behind: number;
  /** Bytes to come of the body, or of the chunk that has begun. */
  readonly coming: number;
}

/** The stream. One object serves all evaluations of an exchange. */
export interface ExprContext {
  /** Date, ms. */
  readonly now: number;
  /** Client's address and the one it connected to (after PROXY protocol, `set-src`...). */
  readonly source: EndpointView;
  readonly destination: EndpointView;
  readonly requestHead: HeadView | null;
  /** What has come is no request and will not become one; left out: not known. */
  readonly notHttp?: boolean;
  /** Method that the request came with; left out where there is none. */
  readonly method?: string;
  readonly responseHead: HeadView | null;
  readonly frontend: ProxyFacts;
  readonly backend: ProxyFacts | null;
  readonly server: ServerFacts | null;
  readonly listenerId: number;
  readonly listenerName: string;
  /** Finds any proxy / server by name: null when there is none. */
  findBackend(name: string): ProxyFacts | null;
  findFrontend(name: string): ProxyFacts | null;
  vars(scope: 'proc' | 'sess' | 'txn' | 'req' | 'res' | 'check'): Vars;
  /** How much memory variables may take; null or left out: what they need. */
  readonly varLimits?: VarLimits | null;
  /** Bytes of the request (or response) payload buffered so far, as latin1; '' when none. */
  requestPayload(): string;
  responsePayload(): string;
  /** What there is of a body of HTTP beside the payload; null or left out: nothing. */
  bodyExtent?(side: 'request' | 'response'): BodyExtent | null;
  readonly uniqueId: string;
  readonly log: LogFacts;
  /** false while content inspection goes on and more data may come (`tcp-request inspect-delay`); left out, it is over. */
  readonly final?: boolean;
  /** Scheme and authority that stand in front of a path in the target of HTTP/2; left out: ''. */
  readonly origin?: string;
  /** Whether this is the first request of its connection; left out: not known. */
  readonly firstRequest?: boolean;
  /** A line tells of a request that could not be read: HAProxy has no stream then. */
  readonly unread?: boolean;
  /** The client's connection as it came in; left out: as `source` and `destination` say, without PROXY protocol. */
  readonly clientConnection?: ConnectionFacts;
  /** The connection to the server; null or left out: none. */
  readonly serverTransport?: TransportFacts | null;
  /** It came over a connection to the server that was open already. */
  readonly serverReused?: boolean;
  /** Error code of the last connection to the server that failed; 0 = none. */
  readonly serverError?: number;
  /** Major version of HTTP on the last connection to the server, also on one that failed; 0 = none, or not agreed on yet. */
  readonly serverMajor?: number;
  /** Status that the server has sent, before rules; 0 = none. */
  readonly serverStatus?: number;
  /** Number of the stream in the process; left out: there is none. */
  readonly streamId?: number;
  /** The request is for a proxy, whose credentials count (`option http-use-proxy-header`). */
  readonly toProxy?: boolean;
  /** What has ended which part of the stream, in HAProxy's code; left out: there is none. */
  readonly termEvents?: string;
  /** An HTTP stream. */
  readonly http?: boolean;
  /** Where the rule stands that ended the evaluation of its set last, or was waiting when the stream ended. */
  readonly lastRule?: { readonly file: string; readonly line: number } | null;
  readonly waitingRule?: { readonly file: string; readonly line: number } | null;
  /** The answer was made by a service here (statistics page, exporter). */
  readonly served?: boolean;
  /** Puts a text into the captures of the log; false when there is no such capture. */
  capture?(side: 'request' | 'response', slot: number, text: string): boolean;
  /** Tells what an expression gives, for who writes it (`debug`). */
  debug?(ring: string, line: string): void;
  /** TLS of the client's connection; null or left out: none. */
  readonly tls?: ClientTlsFacts | null;
  /** TLS of the connection to the server, likewise. */
  readonly serverTls?: ServerTlsFacts | null;
  /** Timeouts in use for this stream, in ms, where rules have changed them (`http-request set-timeout`). */
  readonly timeouts?: { readonly [name in TimeoutName]?: number };
  /** Class and offset of `http-request set-priority-*`. */
  readonly priorityClass?: number;
  readonly priorityOffset?: number;
  readonly process?: ProcessFacts;
  /** What the stream has cost so far, without the call under way; null or left out: nobody has counted. */
  readonly work?: Work | null;
  /** What a counter (`track-sc0`, ...) of the stream or of its session tracks; null: nothing. */
  tracked?(counter: number): Tracked | null;
  /** The response is compressed here, and by which algorithm. */
  readonly compressing?: boolean;
  readonly compression?: string | null;
  /** The cache that the response comes from. */
  readonly cacheName?: string | null;
}

/** What a connection of either side tells of itself. */
export interface TransportFacts {
  /** Error code of the connection (HAProxy manual, `fc_err_str`); 0 = none. */
  readonly error: number;
  /** Streams on it now, and at most; 1 where it carries one after the other. */
  readonly streams: number;
  readonly streamsLimit: number;
  /** What the peer did that no peer should do. */
  readonly glitches: number;
  /** Number of the stream on it: HTTP/2's id, else its position. */
  readonly streamId: number;
  /** The peer has ended the stream before its time; the code it gave (HTTP/2), -1 = none. */
  readonly aborted: boolean;
  readonly resetCode: number;
  /** The kernel's figures; null when there are none. */
  tcpInfo(): TcpInfo | null;
  /** Headers of the packet that began it, as latin1; '' where they were not kept. Asked of the kernel once. */
  savedSyn(): string;
}

/** A connection below the stream, before rules changed its addresses. */
export interface ConnectionFacts {
  readonly source: EndpointView;
  readonly destination: EndpointView;
  /** A PROXY protocol header was received. */
  readonly proxied: boolean;
  /** Its values by type, as latin1 text. */
  tlv?(type: number): string | undefined;
  readonly transport?: TransportFacts;
  /** Error code of the connection; 0 = none. */
  readonly error: number;
  /** Major version of HTTP that it speaks; left out: it carries bytes. */
  readonly httpMajor?: number;
}

/** Facts of a certificate (RFC 5280); bytes are latin1. */
export interface CertificateFacts {
  readonly der: string;
  /** From 1. */
  readonly version: number;
  readonly serial: string;
  /** `YYMMDDhhmmss[Z]` */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly sha1: string;
  /** OpenSSL's short names. */
  readonly keyAlgorithm: string;
  readonly signatureAlgorithm: string;
  /** Subject alternative names as OpenSSL prints them; '' for none. */
  readonly alternativeNames: string;
  readonly subject: NameFacts;
  readonly issuer: NameFacts;
}

/** A distinguished name. */
export interface NameFacts {
  /** `/C=FR/CN=name`, or as RFC 2253 has it; '' when there is nothing in it. */
  text(format: 'oneline' | 'rfc2253'): string;
  /** The n-th value of an attribute (`CN`), from the end when negative; undefined when there is none. */
  entry(attribute: string, occurrence: number): string | undefined;
}

/** A TLS session, either side. Texts are '' where nothing is known; bytes are latin1. */
export interface TlsFacts {
  readonly sni: string;
  readonly alpn: string;
  /** '-' when nothing is known any more. */
  readonly protocol: string;
  readonly cipher: string;
  readonly resumed: boolean;
  /** Error of the handshake: OpenSSL's number, and what it says. */
  readonly error: number;
  readonly errorText: string;
  readonly sessionId: string;
  readonly sessionKey: string;
  readonly uniqueId: string;
  /** The group of the key exchange. */
  readonly curve: string;
  /** Of the client's hello and of the server's. */
  readonly clientRandom: string;
  readonly serverRandom: string;
  /** The other side's certificate, and what it sent with it: its own first. */
  readonly peerCertificate: CertificateFacts | null;
  readonly peerChain: readonly CertificateFacts[];
  /** A secret by its name in NSS's key log, hexadecimal; '' where it was not kept (`tune.ssl.keylog`). */
  secret(label: string): string;
}

/** TLS of the client's connection. */
export interface ClientTlsFacts extends TlsFacts {
  /** Errors of the client's certificate and its chain, 0 = none; how far up the chain. */
  readonly certificateError: number;
  readonly authorityError: number;
  readonly authorityErrorDepth: number;
  /** The last of them, whichever it is of. */
  readonly verifyResult: number;
  readonly certificateUsed: boolean;
  /** This side's certificate: its name in the configuration, and facts. */
  readonly certificateName: string;
  readonly certificate: CertificateFacts | null;
  /** What the client's hello said; null where it was not kept (`tune.ssl.capture-buffer-size`). */
  readonly hello: HelloFacts | null;
}

/** TLS of the connection to the server. */
export type ServerTlsFacts = TlsFacts;

/** Lists of a ClientHello, as on the wire. */
export interface HelloFacts {
  readonly version: number;
  readonly ciphers: string;
  readonly ciphersHash: bigint;
  readonly extensions: string;
  readonly groups: string;
  readonly pointFormats: string;
  readonly signatureAlgorithms: string;
  readonly versions: string;
}

/** Calls of a stream; their time and how long they had to wait for others, ns. */
export interface Work {
  calls: number;
  busy: number;
  waited: number;
}

export interface ProcessFacts {
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly stopping: boolean;
  /** This thread, from 1. */
  readonly thread: number;
  /** Load of this thread and of the process, percent of one processor and of all that may be used. */
  readonly threadUse?: number;
  readonly processUse?: number;
}

/** What the log-format aliases need (manual, section 8.2.6). Times in ms; -1 = never reached. */
export interface LogFacts {
  /** The unique ID, '' when none was made; left out, that of the context. */
  readonly uniqueId?: string;
  /** Date of accept, ms. */
  readonly acceptDate: number;
  /** Date of the first byte of the request, ms. */
  readonly requestDate: number;
  readonly handshakeTime: number;
  readonly idleTime: number;
  readonly requestTime: number;
  readonly queueTime: number;
  readonly connectTime: number;
  readonly responseTime: number;
  readonly dataTime: number;
  readonly totalTime: number;
  /** Bytes of the request as it came; of the response as it came, or was made here. */
  readonly bytesUploaded: number;
  readonly bytesRead: number;
  /** Bytes of the request sent to the server; of the response come from the server, and sent to the client. */
  readonly requestSent: number;
  readonly responseReceived: number;
  readonly responseSent: number;
  readonly status: number;
  /** Four letters of the termination state (manual, section 8.5). */
  readonly termination: string;
  readonly requestCookie: string;
  readonly responseCookie: string;
  readonly retries: number;
  readonly redispatched: boolean;
  readonly serverQueue: number;
  readonly backendQueue: number;
  readonly requestCounter: number;
  /** Request line as received (`%r`), '<BADREQ>' when it could not be parsed. */
  readonly requestLine: string;
  readonly captures: { readonly request: readonly (string | null)[]; readonly response: readonly (string | null)[] };
  readonly processConnections: number;
  readonly frontendConnections: number;
  readonly backendConnections: number;
  readonly serverConnections: number;
  readonly serverHost: string;
  readonly serverPort: number;
  readonly localHost: string;
  readonly localPort: number;
  readonly logAsap: boolean;
  readonly ssl: boolean;
  readonly sslVersion: string;
  readonly sslCipher: string;
  readonly hostname: string;
  readonly pid: number;
  /** `%s` when it is no server: `<STATS>`, `<PROMEX>`; left out: the server's name or `<NOSRV>`. */
  readonly serverName?: string;
  /** The client came over IP: without an address, its connection was gone before it was asked for one. */
  readonly overIp?: boolean;
  /** `%lc`: lines logged for the frontend so far; left out: counted by the formatter. */
  readonly logCount?: number;
  /** `%OG`: what made the log line (`sess`, `txn`, ...). */
  readonly origin?: string;
}
