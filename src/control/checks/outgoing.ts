import { isIP } from 'node:net';
import { evaluateText } from '../../expr/compile.ts';
import type { ExprContext } from '../../expr/types.ts';
import { buildProxyV1, buildProxyV2 } from '../../net/proxy-protocol.ts';
import type { SocksProxy } from '../../net/socks4.ts';
import type { Conn, ConnectSpec } from '../../net/transport.ts';
import type { ServerTls } from '../../traffic/tls/server-tls.ts';
import type { ConnectionSetup } from './connection.ts';
import type { H2Request } from './h2.ts';
import type { ConnectStep, HttpSendStep, Program, SendStep } from './program.ts';

/** Where and how a check connects, and how long it may take. */
export interface CheckTarget {
  /** null while the server has no address. */
  readonly host: string | null;
  readonly family: 'inet' | 'inet6' | 'unix' | 'abns' | 'abnsz';
  readonly port: number;
  /** PROXY protocol version sent by connects that take the server's options; 0 = none. */
  readonly proxyProtocol: 0 | 1 | 2;
  /** Version 2 tells the addresses of the check itself (`pp2-never-send-local`). */
  readonly neverLocal: boolean;
  readonly sourceHost: string | null;
  readonly namespace: string | null;
  readonly md5Key: string | null;
  /** The server's SOCKS4 proxy, and whether connects that take the server's options go through it. */
  readonly socks4: SocksProxy | null;
  readonly viaSocks4: boolean;
  /** How TLS is spoken where a connect asks for it. */
  readonly tls: ServerTls;
  /** Where handshakes are counted. */
  readonly tlsRows: readonly Float64Array[];
  /** Connects that take the server's options speak TLS; over it they speak this protocol, null: as ALPN has it. */
  readonly secure: boolean;
  readonly proto: 'h1' | 'h2' | null;
  /** ms from the start to the end of connecting; from then on `checkTimeout` counts. */
  readonly connectTimeout: number;
  /** ms for all that comes after the connection; null: `connectTimeout` from the start covers it all. */
  readonly checkTimeout: number | null;
  /** Bytes of an answer that are looked at; what comes after is taken as its end. */
  readonly maxBytes: number;
}

/** Gives the context of expressions; it is made when first asked for. */
type Context = () => ExprContext;

/** The connection that the step at `at` makes, null while it is not known where to. */
export function connectionFor(
  step: ConnectStep,
  program: Program,
  at: number,
  target: CheckTarget,
  ctx: Context,
): ConnectionSetup | null {
  const to = destination(step, target, ctx);
  if (to === null) return null;
  const secure = step.ssl || (step.useDefaults && target.secure);
  const proto = step.proto ?? (step.useDefaults ? target.proto : null);
  const hello = { name: nameFor(step, program, at, target, ctx), alpn: protocolsFor(step, target) };
  const through = step.viaSocks4 || (step.useDefaults && target.viaSocks4);
  return {
    to,
    socks4: through ? target.socks4 : null,
    header: (conn) => proxyHeader(step, target, conn),
    tls: secure ? { server: target.tls, hello, rows: target.tlsRows } : null,
    h2: program.flavour !== 'http' || proto === 'h1' ? 'no' : proto === 'h2' ? 'yes' : 'agreed',
    linger: step.linger,
  };
}

/** Where a connect step goes, or null while that is not known. */
function destination(step: ConnectStep, target: CheckTarget, ctx: Context): ConnectSpec | null {
  const { addr } = step;
  const family = addr ? (addr.family === 'abns' && addr.short ? 'abnsz' : addr.family) : target.family;
  const host = addr ? ('host' in addr ? addr.host : 'path' in addr ? addr.path : null) : target.host;
  if (host === null || family === 'fd' || family === 'name' || family === 'ring') return null;
  const local = family !== 'inet' && family !== 'inet6';
  const port = local ? 0 : stepPort(step, ctx) || (addr && 'port' in addr && addr.port) || target.port;
  if (!local && !(port > 0 && port < 65536)) return null;
  const { sourceHost, namespace, md5Key } = target;
  return { family, host, port, sourceHost, sourcePort: 0, namespace, md5Key };
}

function stepPort(step: ConnectStep, ctx: Context): number {
  if (step.port === null || typeof step.port === 'number') return step.port ?? 0;
  return Number.parseInt(evaluateText(step.port, ctx()) ?? '', 10) || 0;
}

/** The name that is asked for: of the step, of the server, or the host that the request which follows is for (manual, `check-sni-auto`). */
function nameFor(step: ConnectStep, program: Program, at: number, target: CheckTarget, ctx: Context): string {
  const { checkSni, checkSniAuto } = target.tls.config;
  const set = step.sni ?? (step.useDefaults ? checkSni : null);
  if (set !== null || !checkSniAuto) return set ?? '';
  const next = program.steps.slice(at + 1).find(({ kind }) => kind === 'http-send' || kind === 'connect');
  const host = next?.kind === 'http-send' ? next.headers.find(([name]) => name === 'host')?.[1] : undefined;
  const name = host === undefined ? '' : (host.constant ?? host.format(ctx())).replace(/:\d*$/, '').toLowerCase();
  return isIP(name.replace(/^\[|\]$/g, '')) === 0 ? name : '';
}

function protocolsFor(step: ConnectStep, { tls }: CheckTarget): readonly string[] {
  return step.alpn ?? (step.useDefaults ? tls.config.checkAlpn : null) ?? tls.alpn;
}

/** The PROXY protocol header of a connection that the check made itself, or null for none. */
function proxyHeader(step: ConnectStep, target: CheckTarget, conn: Conn): Uint8Array | null {
  const version = step.sendProxy ? 1 : step.useDefaults ? target.proxyProtocol : 0;
  if (version === 0) return null;
  const { localHost, localPort, remoteHost, remotePort } = conn;
  const known = localHost !== '' && remoteHost !== '' && (version === 1 || target.neverLocal);
  const from = known ? { host: localHost, port: localPort } : null;
  const to = known ? { host: remoteHost, port: remotePort } : null;
  return version === 2 ? buildProxyV2(from, to) : Buffer.from(buildProxyV1(from, to));
}

/** What a send step sends, as latin1. */
export function payloadText(step: SendStep, ctx: Context): string {
  const text = step.data.constant ?? step.data.format(ctx());
  return step.hex ? Buffer.from(text, 'hex').toString('latin1') : text;
}

/** An HTTP request of a check. */
export interface CheckRequest extends H2Request {
  readonly version: string;
  /** Value of its `connection` header in HTTP/1, null for none. */
  readonly connection: string | null;
}

/** Methods of which nobody expects a body (RFC 9110, section 8.6). */
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

/** The request of an HTTP send step. `state`: value of `X-Haproxy-Server-State`, null to leave it out. */
export function requestOf(step: HttpSendStep, ctx: Context, state: string | null): CheckRequest {
  const text = (format: HttpSendStep['uri']) => format.constant ?? format.format(ctx());
  const body = step.body ? text(step.body) : '';
  const headers: (readonly [string, string])[] = [];
  let connection = step.version.toUpperCase() === 'HTTP/1.1' ? 'close' : null;
  for (const [name, value] of step.headers) {
    if (name === 'connection') connection = text(value);
    else if (name !== 'content-length' && name !== 'transfer-encoding') headers.push([name, text(value)]);
  }
  if (state !== null) headers.push(['x-haproxy-server-state', state]);
  if (body !== '' || !WITHOUT_BODY.has(step.method)) headers.push(['content-length', String(body.length)]);
  return { method: step.method, path: text(step.uri) || '/', version: step.version, headers, body, connection };
}

/** A request in HTTP/1, as latin1. */
export function requestText({ method, path, version, headers, body, connection }: CheckRequest): string {
  let request = `${method} ${path} ${version}\r\n`;
  for (const [name, value] of headers) request += `${name}: ${value}\r\n`;
  if (connection !== null) request += `connection: ${connection}\r\n`;
  return `${request}\r\n${body}`;
}
