/** Headers of the request and of the response (HAProxy manual, section 7.3.6). */

import type { Arg } from '../args.ts';
import { HeaderCursor, hostOf } from '../head.ts';
import { leadingIpv4, parseIpv4, parseIpv6 } from '../ip.ts';
import type { CompiledFetch, CompileEnv, FetchRow, Source } from '../row.ts';
import { place } from '../row.ts';
import type { ExprError, ValueType } from '../sample.ts';
import type { ExprContext, HeadView, SampleValue } from '../types.ts';
import { versionText } from './request.ts';

/** How far back an occurrence may be counted from the end. */
const MAX_HISTORY = 10;

export type Side = 'request' | 'response';

const RESPONSE_PLACES =
  place.backendTcpResponse |
  place.backendHttpResponse |
  place.backendHttpResponseBody |
  place.stickStore |
  place.frontendTcpResponse |
  place.frontendHttpResponse |
  place.frontendHttpResponseBody |
  place.tcpCheck;

/** The message that a fetch without a side in its name is about, at this place. */
export function sideAt(env: CompileEnv): Side {
  return (env.places & RESPONSE_PLACES) !== 0 && (env.places & ~RESPONSE_PLACES) === 0 ? 'response' : 'request';
}

function headOf(ctx: ExprContext, side: Side): HeadView | null {
  return side === 'request' ? ctx.requestHead : ctx.responseHead;
}

/** Reads the value at `occurrence`: the n-th from the start (1..) or, when negative, from the end. */
function headerAt(
  cursor: HeaderCursor,
  head: HeadView,
  name: string,
  occurrence: number,
  whole: boolean,
): string | undefined {
  cursor.reset();
  if (occurrence > 0) {
    for (let seen = 0; seen < occurrence; seen++) {
      if (!(whole ? cursor.nextLine(head, name) : cursor.nextValue(head, name))) return undefined;
    }
    return cursor.value;
  }
  // The last ones are remembered in turn, as one pass is enough then.
  const slots = -occurrence;
  let seen = 0;
  while (whole ? cursor.nextLine(head, name) : cursor.nextValue(head, name)) history[seen++ % slots] = cursor.value;
  return seen < slots ? undefined : history[seen % slots];
}

const history: string[] = new Array<string>(MAX_HISTORY).fill('');

type Transform = (text: string) => SampleValue | undefined;

function compileHeader(
  args: readonly Arg[],
  side: Side,
  whole: boolean,
  to: Transform | null,
): CompiledFetch | ExprError {
  // Of all headers there is only a count.
  if (args[0] === undefined) return { evaluate: () => undefined, scan: () => false };
  const name = String(args[0]).toLowerCase();
  const occurrence = Number(args[1] ?? 0);
  if (occurrence < -MAX_HISTORY) return { error: `header occurrence must be >= ${-MAX_HISTORY}` };
  const cursor = new HeaderCursor();
  const evaluate = (ctx: ExprContext): SampleValue | undefined => {
    const head = headOf(ctx, side);
    if (head === null) return undefined;
    const text = headerAt(cursor, head, name, occurrence === 0 ? -1 : occurrence, whole);
    return text === undefined || to === null ? text : to(text);
  };
  if (occurrence !== 0) return { evaluate };
  const scan: NonNullable<CompiledFetch['scan']> = (ctx, visit) => {
    const head = headOf(ctx, side);
    if (head === null) return false;
    cursor.reset();
    while (whole ? cursor.nextLine(head, name) : cursor.nextValue(head, name)) {
      const value = to === null ? cursor.value : to(cursor.value);
      if (value !== undefined && visit(value, ctx)) return true;
    }
    return false;
  };
  return { evaluate, scan };
}

function compileCount(args: readonly Arg[], side: Side, whole: boolean): CompiledFetch {
  const name = String(args[0] ?? '').toLowerCase();
  const cursor = new HeaderCursor();
  return {
    evaluate: (ctx) => {
      const head = headOf(ctx, side);
      if (head === null) return undefined;
      cursor.reset();
      let count = 0;
      while (whole ? cursor.nextLine(head, name) : cursor.nextValue(head, name)) count++;
      return count;
    },
  };
}

/** Integer at the start of a header as HAProxy reads it: 32 bits, up to the first char that is no digit; no sign but `-`. */
export function looseSint(text: string): number {
  const negative = text.charCodeAt(0) === 0x2d;
  let value = 0;
  for (let i = negative ? 1 : 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = (Math.imul(value, 10) + digit) | 0;
  }
  return negative ? -value | 0 : value;
}

/** Address in a header's value: `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]:80`. */
function addressIn(text: string): string | undefined {
  if (parseIpv4(text) >= 0) return leadingIpv4(text);
  const bracket = /^\[([^\]]+)\](:[0-9]+)?$/.exec(text);
  if (bracket !== null) return parseIpv6(bracket[1]!) === null ? undefined : bracket[1];
  const colon = text.indexOf(':');
  if (colon > 0 && text.indexOf(':', colon + 1) === -1) {
    const host = text.slice(0, colon);
    return parseIpv4(host) >= 0 ? host : undefined;
  }
  return parseIpv6(text) === null ? undefined : text;
}

function compileNames(args: readonly Arg[], side: Side): CompiledFetch {
  const separator = String(args[0] ?? '') || ',';
  return {
    evaluate: (ctx) => {
      const head = headOf(ctx, side);
      if (head === null) return undefined;
      let names = '';
      for (const i of headerIndices(head)) names += (names === '' ? '' : separator[0]!) + head.headerName(i);
      return names;
    },
  };
}

type SideOf = (env: CompileEnv) => Side;

function headerRow(
  name: string,
  source: Source,
  side: SideOf,
  whole: boolean,
  type: ValueType,
  to: Transform | null,
): FetchRow {
  return {
    name,
    args: '[string,integer]',
    type,
    source,
    compile: (args, env) => compileHeader(args, side(env), whole, to),
  };
}

function countRow(name: string, source: Source, side: SideOf, whole: boolean): FetchRow {
  return {
    name,
    args: '[string]',
    type: 'sint',
    source,
    compile: (args, env) => compileCount(args, side(env), whole),
  };
}

/** The fetches on the headers of one message, under the names that begin with `prefix`. */
function rowsOf(prefix: string, source: Source, side: SideOf): FetchRow[] {
  return [
    headerRow(`${prefix}hdr`, source, side, false, 'str', null),
    headerRow(`${prefix}hdr_ip`, source, side, false, 'addr', addressIn),
    headerRow(`${prefix}hdr_val`, source, side, false, 'sint', looseSint),
    countRow(`${prefix}hdr_cnt`, source, side, false),
  ];
}

function longRowsOf(prefix: string, source: Source, side: SideOf): FetchRow[] {
  return [
    ...rowsOf(prefix, source, side),
    headerRow(`${prefix}fhdr`, source, side, true, 'str', null),
    countRow(`${prefix}fhdr_cnt`, source, side, true),
    {
      name: `${prefix}hdr_names`,
      args: '[string]',
      type: 'str',
      source,
      compile: (args, env) => compileNames(args, side(env)),
    },
  ];
}

const onRequest: SideOf = () => 'request';
const onResponse: SideOf = () => 'response';

/** Positions of the headers that have not been removed. */
function* headerIndices(head: HeadView): Generator<number> {
  for (let i = 0; i < head.headerCount(); i++) if (head.headerName(i) !== '') yield i;
}

function binaryHeaders(head: HeadView): string {
  let bytes = '';
  for (const i of headerIndices(head)) bytes += withLength(head.headerName(i)) + withLength(head.headerValue(i));
  return `${bytes}\0\0`;
}

/** Text behind its length in the variable integer encoding of SPOE (doc/SPOE.txt, section 3.1). */
function withLength(text: string): string {
  let length = text.length;
  if (length < 240) return String.fromCharCode(length) + text;
  let bytes = String.fromCharCode((length & 15) | 240);
  length = (length - 240) >> 4;
  while (length >= 128) {
    bytes += String.fromCharCode((length & 127) | 128);
    length = (length - 128) >> 7;
  }
  return bytes + String.fromCharCode(length) + text;
}

function headerLines(head: HeadView): string {
  let lines = '';
  for (const i of headerIndices(head)) lines += `${head.headerName(i)}: ${head.headerValue(i)}\r\n`;
  return `${lines}\r\n`;
}

/** All headers of a message, in one piece. */
const wholeRow = (name: string, source: Source, side: Side, print: (head: HeadView) => string): FetchRow => ({
  name,
  args: '',
  type: 'bin',
  source,
  compile: () => (ctx) => {
    const head = headOf(ctx, side);
    return head === null ? undefined : print(head);
  },
});

const responseVersion = (name: string): FetchRow => ({
  name,
  args: '',
  type: 'str',
  source: 'response',
  compile: () => (ctx) => (ctx.responseHead === null ? undefined : versionText(ctx.responseHead.version)),
});

/** A header captured by configuration, by its number. */
const captureRow = (name: string, source: Source, side: Side): FetchRow => ({
  name,
  args: 'integer',
  type: 'str',
  source,
  compile: ([index]) => {
    const at = Number(index);
    return (ctx) => ctx.log.captures[side][at] ?? undefined;
  },
});

export const headerFetches: readonly FetchRow[] = [
  // Its relatives are about the request only.
  headerRow('hdr', 'eitherHeaders', sideAt, false, 'str', null),
  ...rowsOf('', 'requestHeaders', onRequest).filter(({ name }) => name !== 'hdr'),
  ...longRowsOf('req.', 'requestHeaders', onRequest),
  ...longRowsOf('res.', 'responseHeaders', onResponse),
  ...rowsOf('s', 'responseHeaders', onResponse),
  wholeRow('req.hdrs', 'requestHeaders', 'request', headerLines),
  wholeRow('req.hdrs_bin', 'requestHeaders', 'request', binaryHeaders),
  wholeRow('res.hdrs', 'responseHeaders', 'response', headerLines),
  wholeRow('res.hdrs_bin', 'responseHeaders', 'response', binaryHeaders),
  captureRow('capture.req.hdr', 'transactionStatistics', 'request'),
  captureRow('capture.res.hdr', 'serverConnection', 'response'),
  responseVersion('res.ver'),
  responseVersion('resp_ver'),
  {
    name: 'capture.res.ver',
    args: '',
    type: 'str',
    source: 'transactionStatistics',
    compile: () => (ctx) =>
      ctx.responseHead === null || ctx.log.responseTime < 0
        ? undefined
        : `HTTP/${versionText(Math.min(ctx.responseHead.version, 11))}`,
  },
  { name: 'status', args: '', type: 'sint', source: 'response', compile: () => (ctx) => ctx.responseHead?.status },
  {
    name: 'host',
    args: '',
    type: 'str',
    source: 'requestHeaders',
    compile: () => (ctx) => (ctx.requestHead === null ? undefined : hostOf(ctx.requestHead)),
  },
];
