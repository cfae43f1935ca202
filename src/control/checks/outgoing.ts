import type { Socket } from 'node:net';
import { evaluateText } from '../../expr/compile.ts';
import type { ExprContext } from '../../expr/types.ts';
import { buildProxyV1, buildProxyV2 } from '../../net/proxy-protocol.ts';
import { abstractName } from '../../util/libc/sockaddr.ts';
import type { ConnectStep, HttpSendStep, SendStep } from './program.ts';

/** Where and how a check connects, and how long it may take. */
export interface CheckTarget {
  /** null while the server has no address. */
  readonly host: string | null;
  readonly family: 'inet' | 'inet6' | 'unix' | 'abns' | 'abnsz';
  readonly port: number;
  /** PROXY protocol version sent by connects that take the server's options; 0 = none. */
  readonly proxyProtocol: 0 | 1 | 2;
  readonly sourceHost: string | null;
  /** ms from the start to the end of connecting; from then on `checkTimeout` counts. */
  readonly connectTimeout: number;
  /** ms for all that comes after the connection; null: `connectTimeout` from the start covers it all. */
  readonly checkTimeout: number | null;
  /** Bytes of an answer that are looked at; what comes after is taken as its end. */
  readonly maxBytes: number;
}

/** Gives the context of expressions; it is made when first asked for. */
type Context = () => ExprContext;

/** Where a connect step goes, or null while that is not known. */
export function destination(
  step: ConnectStep,
  target: CheckTarget,
  ctx: Context,
): { host: string; port: number } | { path: string } | null {
  const { addr } = step;
  const family = addr ? (addr.family === 'abns' && addr.short ? 'abnsz' : addr.family) : target.family;
  const host = addr ? ('host' in addr ? addr.host : 'path' in addr ? addr.path : null) : target.host;
  if (host === null) return null;
  if (family === 'unix') return { path: host };
  if (family === 'abns' || family === 'abnsz') return { path: abstractName(family, host) };
  const port = stepPort(step, ctx) || (addr && 'port' in addr && addr.port) || target.port;
  return port > 0 && port < 65536 ? { host, port } : null;
}

function stepPort(step: ConnectStep, ctx: Context): number {
  if (step.port === null || typeof step.port === 'number') return step.port ?? 0;
  return Number.parseInt(evaluateText(step.port, ctx()) ?? '', 10) || 0;
}

/** The PROXY protocol header of a connection that the check made itself, or null for none. */
export function proxyHeader(step: ConnectStep, target: CheckTarget, socket: Socket): string | Uint8Array | null {
  const version = step.sendProxy ? 1 : step.useDefaults ? target.proxyProtocol : 0;
  if (version === 0) return null;
  if (version === 2) return buildProxyV2(null, null);
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (localAddress === undefined || remoteAddress === undefined) return buildProxyV1(null, null);
  return buildProxyV1({ host: localAddress, port: localPort! }, { host: remoteAddress, port: remotePort! });
}

/** What a send step sends, as latin1. */
export function payloadText(step: SendStep, ctx: Context): string {
  const text = step.data.constant ?? step.data.format(ctx());
  return step.hex ? Buffer.from(text, 'hex').toString('latin1') : text;
}

/** The request of an HTTP send step, as latin1. `state`: value of `X-Haproxy-Server-State`, null to leave it out. */
export function requestText(step: HttpSendStep, ctx: Context, state: string | null): string {
  const text = (format: HttpSendStep['uri']) => format.constant ?? format.format(ctx());
  const body = step.body ? text(step.body) : '';
  let request = `${step.method} ${text(step.uri) || '/'} ${step.version}\r\n`;
  let connection = step.version.toUpperCase() === 'HTTP/1.1' ? 'close' : null;
  for (const [name, value] of step.headers) {
    if (name === 'connection') connection = text(value);
    else if (name !== 'content-length') request += `${name}: ${text(value)}\r\n`;
  }
  if (state !== null) request += `x-haproxy-server-state: ${state}\r\n`;
  if (body !== '') request += `content-length: ${body.length}\r\n`;
  if (connection !== null) request += `connection: ${connection}\r\n`;
  return `${request}\r\n${body}`;
}
