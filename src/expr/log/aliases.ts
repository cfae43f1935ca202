/** The aliases of log-formats (HAProxy manual, section "Custom log format"). */

import { pathOf } from '../head.ts';
import type { EndpointView, ExprContext, LogFacts } from '../types.ts';
import {
  type AliasRow,
  address,
  BAD,
  date,
  early,
  hexable,
  hexOf,
  type LogFlags,
  late,
  local,
  number,
  part,
  port,
  text,
  tls,
} from './alias-rows.ts';
import { gmtDate, localDate, localDateWithMs, milliseconds } from './dates.ts';
import { encodeHeader, encodeUri, escapeStructured } from './escape.ts';

/** A client of a unix socket has no address but the number of the listener. */
const hostOf = ({ host }: EndpointView, { log }: ExprContext): string => host || (log.overIp === true ? '' : 'unix');

function portOf({ host, port }: EndpointView, { log, listenerId }: ExprContext): number {
  if (host !== '') return port;
  return log.overIp === true ? -1 : listenerId;
}

const sum = (...parts: number[]): number => parts.reduce((total, part) => (part > 0 ? total + part : total), 0);

/** Time before the first byte of the request: handshakes and, once a request came, idling. */
const beforeRequest = (log: LogFacts): number => sum(log.handshakeTime, log.idleTime);

/** The three words of a request line. */
function requestWord(line: string, which: 0 | 1 | 2): string | null {
  const first = line.indexOf(' ');
  if (which === 0) return first > 0 ? line.slice(0, first) : null;
  if (first <= 0) return null;
  const last = line.lastIndexOf(' ');
  if (which === 1) return line.slice(first + 1, last > first ? last : line.length);
  return last > first ? line.slice(last + 1) : 'HTTP/0.9';
}

function target(line: string, cut: (uri: string) => string): string {
  const uri = requestWord(line, 1);
  return uri === null ? BAD : encodeUri(cut(uri));
}

function captureList(captures: readonly (string | null)[], encode: (value: string) => string): string {
  let list = '';
  for (let i = 0; i < captures.length; i++) {
    const value = captures[i]!;
    list += (i === 0 ? '' : '|') + (value === null ? '' : encode(value));
  }
  return `{${list}}`;
}

const encodeAndEscape = (value: string): string => escapeStructured(encodeHeader(value));
const captureEncoder = ({ escape }: LogFlags): ((value: string) => string) => (escape ? encodeAndEscape : encodeHeader);

/** `%hr`, `%hs`: `{a|b}`, or nothing when nothing is captured by configuration. */
const captures = (name: string, side: 'request' | 'response'): AliasRow => ({
  name,
  vanishes: true,
  http: false,
  kind: 'list',
  read: (ctx, flags) => {
    const values = ctx.log.captures[side];
    if (values.length === 0) return '';
    const list = captureList(values, captureEncoder(flags));
    return flags.quote ? `"${list}"` : list;
  },
});

/** `%hrl`, `%hsl`: the captures one by one, `-` or `""` for the missing ones. */
const captureWords = (name: string, side: 'request' | 'response'): AliasRow => ({
  name,
  vanishes: true,
  http: false,
  kind: 'list',
  read: (ctx, flags) => {
    let words = '';
    const encode = captureEncoder(flags);
    for (const value of ctx.log.captures[side]) {
      const body = value === null ? (flags.quote ? '' : '-') : encode(value);
      words += (words === '' ? '' : ' ') + (flags.quote ? `"${body}"` : body);
    }
    return words;
  },
  list: (ctx) => {
    const values = ctx.log.captures[side];
    if (values.length === 0) return undefined;
    return values.map((value) => ({ pieces: value === null ? '-' : encodeHeader(value), list: false }));
  },
});

const logCounts = new WeakMap<object, number>();

/** Lines logged so far for the frontend, counted by whoever logs or, failing that, here. */
function logCount(ctx: ExprContext): number {
  if (ctx.log.logCount !== undefined) return ctx.log.logCount;
  const count = logCounts.get(ctx.frontend) ?? 0;
  logCounts.set(ctx.frontend, count + 1);
  return count;
}

export const ALIASES: readonly AliasRow[] = [
  late(early('B', (_ctx, log) => log.bytesRead)),
  text('CC', (_ctx, log) => log.requestCookie, true),
  text('CS', (_ctx, log) => log.responseCookie, true),
  text('H', (_ctx, log) => log.hostname),
  part('HM', (line) => encodeUri(requestWord(line, 0) ?? BAD)),
  part('HP', (line) => target(line, (uri) => /^[^?]*/.exec(uri)![0])),
  part('HPO', (line) => target(line, (uri) => pathOf(uri) ?? '')),
  part('HQ', (line) => target(line, (uri) => (uri.includes('?') ? uri.slice(uri.indexOf('?')) : ''))),
  part('HU', (line) => target(line, (uri) => uri)),
  part('HV', (line) => encodeUri(requestWord(line, 2) ?? BAD)),
  late(text('ID', (ctx, log) => log.uniqueId ?? ctx.uniqueId)),
  text('OG', (ctx) => ctx.log.origin ?? ''),
  number('ST', (_ctx, log) => log.status),
  date('T', (_ctx, log) => gmtDate(log.acceptDate)),
  late(early('Ta', (_ctx, log) => log.totalTime - beforeRequest(log), true)),
  late(number('Tc', (_ctx, log) => log.connectTime)),
  late(number('Td', (_ctx, log) => log.dataTime)),
  late(number('Th', (_ctx, log) => log.handshakeTime)),
  late(number('Ti', (_ctx, log) => log.idleTime, true)),
  date('Tl', (_ctx, log) => localDate(log.acceptDate)),
  late(number('Tq', (_ctx, log) => (log.requestTime < 0 ? -1 : beforeRequest(log) + log.requestTime), true)),
  late(number('TR', (_ctx, log) => log.requestTime, true)),
  late(number('Tr', (_ctx, log) => log.responseTime, true)),
  hexable('Ts', (_ctx, log) => Math.floor(log.acceptDate / 1000)),
  late(early('Tt', (_ctx, log) => log.totalTime)),
  late(early('Tu', (_ctx, log) => log.totalTime - sum(log.idleTime))),
  late(number('Tw', (_ctx, log) => log.queueTime)),
  late(number('U', (_ctx, log) => log.bytesUploaded)),
  late(number('ac', (_ctx, log) => log.processConnections)),
  text('b', (ctx) => ctx.backend?.name ?? ctx.frontend.name),
  late(number('bc', (_ctx, log) => log.backendConnections)),
  local(address('bi', (_ctx, log) => log.localHost)),
  local(port('bp', (_ctx, log) => (log.localHost === '' ? -1 : log.localPort))),
  late(number('bq', (_ctx, log) => log.backendQueue)),
  address('ci', (ctx) => hostOf(ctx.source, ctx)),
  port('cp', (ctx) => portOf(ctx.source, ctx)),
  text('f', (ctx) => ctx.frontend.name),
  late(number('fc', (_ctx, log) => log.frontendConnections)),
  address('fi', (ctx) => hostOf(ctx.destination, ctx)),
  port('fp', (ctx) => portOf(ctx.destination, ctx)),
  { ...text('ft', (ctx, log) => (log.ssl ? `${ctx.frontend.name}~` : ctx.frontend.name)), encoded: true },
  captures('hr', 'request'),
  captureWords('hrl', 'request'),
  captures('hs', 'response'),
  captureWords('hsl', 'response'),
  hexable('lc', (ctx) => logCount(ctx)),
  {
    name: 'ms',
    http: false,
    kind: 'number',
    read: ({ log }, { hex }) => {
      const text = milliseconds(log.acceptDate);
      return hex ? hexOf(Number(text), 2) : text;
    },
  },
  hexable('pid', (_ctx, log) => log.pid),
  { ...text('r', (_ctx, log) => encodeUri(log.requestLine || BAD), true), encoded: true },
  {
    name: 'rc',
    http: false,
    kind: 'number',
    logNeed: 'end',
    read: ({ log }) => (log.redispatched ? `+${log.retries}` : String(log.retries)),
  },
  hexable('rt', (_ctx, log) => log.requestCounter),
  text('s', (ctx, log) => log.serverName ?? ctx.server?.name ?? '<NOSRV>'),
  late(number('sc', (_ctx, log) => log.serverConnections)),
  address('si', (_ctx, log) => log.serverHost),
  port('sp', (_ctx, log) => (log.serverHost === '' ? -1 : log.serverPort)),
  late(number('sq', (_ctx, log) => log.serverQueue)),
  tls('sslc', (log) => log.sslCipher),
  tls('sslv', (log) => log.sslVersion),
  date('t', (_ctx, log) => localDateWithMs(log.acceptDate)),
  date('tr', (_ctx, log) => localDateWithMs(log.requestDate), true),
  date('trg', (_ctx, log) => gmtDate(log.requestDate), true),
  date('trl', (_ctx, log) => localDate(log.requestDate), true),
  late(date('ts', (_ctx, log) => log.termination.slice(0, 2))),
  date('tsc', (_ctx, log) => log.termination, true),
];

/** The aliases by name. */
export const ALIASES_BY_NAME: ReadonlyMap<string, AliasRow> = new Map(ALIASES.map((row) => [row.name, row]));
