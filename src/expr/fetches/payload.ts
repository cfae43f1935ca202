/** Contents of buffers and bodies (HAProxy manual, sections 7.3.5 and 7.3.6). */

import type { Arg } from '../args.ts';
import { ParamCursor } from '../params.ts';
import type { CompiledFetch, CompileEnv, FetchRow, Source } from '../row.ts';
import { type Evaluate, type ExprError, parseSint } from '../sample.ts';
import type { ExprContext, HeadView, SampleValue } from '../types.ts';
import { type Side, sideAt } from './headers.ts';

type SideOf = (env: CompileEnv) => Side;

const onRequest: SideOf = () => 'request';
const onResponse: SideOf = () => 'response';

/** Bytes of a buffer (the default of tune.bufsize): no piece is longer. */
const LENGTH_MAX = 16_384;

const bufferOf = (ctx: ExprContext, side: Side): string =>
  side === 'request' ? ctx.requestPayload() : ctx.responsePayload();

/** Bytes at an offset; length 0 = all that follow now, be it nothing. None when the buffer does not hold them (yet). */
function compilePayload(args: readonly Arg[], side: Side): CompiledFetch | ExprError {
  const offset = Number(args[0]);
  const length = Number(args[1]);
  if (offset < 0 || length < 0) return { error: 'payload offset and length must be positive' };
  return {
    // A piece of known length stays as it is once it is there.
    mayChange: (ctx) => length === 0 || bufferOf(ctx, side).length < offset + length,
    evaluate: (ctx) => {
      const buffer = bufferOf(ctx, side);
      if (offset + length > buffer.length) return undefined;
      return length === 0 ? buffer.slice(offset) : buffer.slice(offset, offset + length);
    },
  };
}

/** Bytes whose length is in the buffer too, most significant byte first. */
function compilePayloadLv(args: readonly Arg[], side: Side): CompiledFetch | ExprError {
  const lengthOffset = Number(args[0]);
  const lengthSize = Number(args[1]);
  if (lengthSize <= 0) return { error: 'payload length must be > 0' };
  const where = (args[2] as string | undefined) ?? '';
  const given = where === '' ? 0 : parseSint(where);
  if (given === null) return { error: 'payload offset2 is not a number' };
  const relative = where === '' || where.startsWith('+') || where.startsWith('-');
  const start = relative ? lengthOffset + lengthSize + Number(given) : Number(given);
  if (start < 0) return { error: 'payload offset2 too negative' };
  const lengthIn = (buffer: string): number => {
    if (lengthOffset + lengthSize > buffer.length) return -1;
    let length = 0;
    for (let i = 0; i < lengthSize; i++) length = length * 256 + buffer.charCodeAt(lengthOffset + i);
    return length;
  };
  return {
    mayChange: (ctx) => {
      const buffer = bufferOf(ctx, side);
      const length = lengthIn(buffer);
      // What says that it is longer than any buffer will not come.
      return length === -1 || (length !== 0 && length <= LENGTH_MAX && start + length > buffer.length);
    },
    evaluate: (ctx) => {
      const buffer = bufferOf(ctx, side);
      const length = lengthIn(buffer);
      return length <= 0 || start + length > buffer.length ? undefined : buffer.slice(start, start + length);
    },
  };
}

/** Of messages of HTTP there are no raw bytes (HAProxy manual, section 7.3.5): there is no value, and none to wait for. */
function ofRawBytes(compiled: CompiledFetch | ExprError): CompiledFetch | ExprError {
  if ('error' in compiled) return compiled;
  const { evaluate, mayChange } = compiled;
  return {
    mayChange: (ctx) => ctx.http !== true && mayChange!(ctx),
    evaluate: (ctx) => (ctx.http === true ? undefined : evaluate(ctx)),
  };
}

const payloadRow = (name: string, source: Source, side: SideOf): FetchRow => ({
  name,
  args: 'integer,integer',
  type: 'bin',
  source,
  compile: (args, env) => ofRawBytes(compilePayload(args, side(env))),
});

const payloadLvRow = (name: string, source: Source, side: SideOf): FetchRow => ({
  name,
  args: 'integer,integer[,string]',
  type: 'bin',
  source,
  compile: (args, env) => ofRawBytes(compilePayloadLv(args, side(env))),
});

/** What HAProxy's representation of a start line takes besides the texts in it; that of the end of the head is a byte. */
const START_LINE = 20;
const END_OF_HEAD = 1;

/** Bytes of a head as HAProxy counts those that are in its buffer: the texts, without what is between them on the wire. */
function headLength(head: HeadView, side: Side): number {
  const line = side === 'request' ? head.method.length + head.uri.length : `${head.status}${head.reason}`.length;
  let length = START_LINE + END_OF_HEAD + line + 'HTTP/1.1'.length;
  for (let i = 0; i < head.headerCount(); i++) length += head.headerName(i).length + head.headerValue(i).length;
  return length;
}

const lengthRow = (name: string, source: Source, side: Side): FetchRow => ({
  name,
  args: '',
  type: 'sint',
  source,
  compile: () => (ctx) => {
    const head = side === 'request' ? ctx.requestHead : ctx.responseHead;
    const behind = ctx.bodyExtent?.(side)?.behind ?? 0;
    const origin = side === 'request' ? (ctx.origin ?? '') : '';
    return bufferOf(ctx, side).length + behind + (head === null ? 0 : origin.length + headLength(head, side));
  },
});

/** Nothing waits for more of a body to know these: they are about what is there, as soon as there is a head. */
const waitsForHead = (ctx: ExprContext): boolean => ctx.requestHead === null && ctx.notHttp !== true;

const bodyRow = (name: string, side: Side): FetchRow => ({
  name,
  args: '',
  type: 'bin',
  source: side === 'request' ? 'requestBody' : 'responseBody',
  compile: () => (ctx) => {
    const head = side === 'request' ? ctx.requestHead : ctx.responseHead;
    return head === null ? undefined : bufferOf(ctx, side);
  },
});

/** What is there of a body, in bytes. */
const bodyLengthRow = (name: string, side: Side): FetchRow => ({
  name,
  args: '',
  type: 'sint',
  source: side === 'request' ? 'requestBody' : 'responseBody',
  compile: () => {
    const evaluate: Evaluate = (ctx) => {
      const head = side === 'request' ? ctx.requestHead : ctx.responseHead;
      return head === null ? undefined : bufferOf(ctx, side).length;
    };
    return side === 'request' ? { evaluate, mayChange: waitsForHead } : evaluate;
  },
});

const isBodyless = (status: number): boolean => status === 204 || status === 304;

/** The advertised length of a body, or what of it is there, with all of a chunk that has begun. */
const bodySizeRow = (name: string, side: Side): FetchRow => ({
  name,
  args: '',
  type: 'sint',
  source: side === 'request' ? 'requestBody' : 'responseBody',
  compile: () => {
    const evaluate = sizeOf(side);
    return side === 'request' ? { evaluate, mayChange: waitsForHead } : evaluate;
  },
});

function sizeOf(side: Side): Evaluate {
  return (ctx) => {
    const head = side === 'request' ? ctx.requestHead : ctx.responseHead;
    if (head === null) return undefined;
    // What the header of a response without a body says is not there.
    if (side === 'response' && (ctx.method === 'HEAD' || isBodyless(ctx.serverStatus || head.status))) return 0;
    const index = head.findHeader('content-length', 0);
    const advertised = index < 0 ? null : parseSint(head.headerValue(index));
    return advertised ?? bufferOf(ctx, side).length + (ctx.bodyExtent?.(side)?.coming ?? 0);
  };
}

/** Parameters of a form in the body. */
function compileBodyParam([nameArg, flag]: readonly Arg[]): CompiledFetch | ExprError {
  const name = (nameArg as string | undefined) ?? '';
  const ignoreCase = flag === 'i';
  const cursor = new ParamCursor();
  return {
    mayChange: waitsForHead,
    evaluate: (ctx) => {
      cursor.reset(0);
      const found = ctx.requestHead !== null && cursor.next(ctx.requestPayload(), name, '&', ignoreCase);
      return found ? cursor.value : undefined;
    },
    scan: (ctx, visit) => {
      if (ctx.requestHead === null) return false;
      const body = ctx.requestPayload();
      cursor.reset(0);
      while (cursor.next(body, name, '&', ignoreCase)) if (visit(cursor.value, ctx)) return true;
      return false;
    },
  };
}

/** First cookie of an RDP connection request (TPKT and X.224 headers, then `Cookie: name=value`), or undefined. */
function rdpCookie(buffer: string, name: string): string | undefined {
  const match = /^cookie: *([^=\r\n]+)=([^\r\n]*)\r\n/i.exec(buffer.slice(11));
  if (match === null) return undefined;
  return name === '' || match[1]!.toLowerCase() === name ? match[2] : undefined;
}

/** The bytes could still become a connection request with that cookie. */
function isPartialRdp(buffer: string, name: string): boolean {
  const text = buffer.slice(11);
  if (text.length <= 'cookie:'.length) return true;
  if (!/^cookie:/i.test(text)) return false;
  const rest = text.slice('cookie:'.length).trimStart();
  if (name !== '' && rest.length > name.length && !rest.toLowerCase().startsWith(`${name}=`)) return false;
  return !/[\r\n]/.test(rest);
}

const rdpRow = (
  name: string,
  type: 'str' | 'sint',
  read: (cookie: string | undefined) => SampleValue | undefined,
): FetchRow => ({
  name,
  args: '[string]',
  type,
  source: 'requestBuffer',
  compile: ([nameArg]) => {
    const wanted = ((nameArg as string | undefined) ?? '').toLowerCase();
    const mayChange = (ctx: ExprContext) => isPartialRdp(ctx.requestPayload(), wanted);
    return {
      mayChange,
      evaluate: (ctx) => (mayChange(ctx) ? undefined : read(rdpCookie(ctx.requestPayload(), wanted))),
    };
  },
});

const cookieItself = (cookie: string | undefined): SampleValue | undefined => cookie;
const cookieCount = (cookie: string | undefined): number => (cookie === undefined ? 0 : 1);

/** Tokens of distcc (its doc/protocol-1.txt) whose number is a value, not the length of what follows. */
const DISTCC_VALUES = new Set(['DIST', 'ARGC', 'NFIL', 'STAT', 'DONE']);

/** Number and body of the `occurrence`-th token (0 = any) of a distcc message, or undefined. */
function distccToken(buffer: string, token: string, occurrence: number): { value: number; body: string } | undefined {
  let seen = 0;
  for (let at = 0; at + 12 <= buffer.length; ) {
    const name = buffer.slice(at, at + 4);
    const digits = buffer.slice(at + 4, at + 12);
    if (!/^[0-9a-fA-F]{8}$/.test(digits)) return undefined;
    const value = Number.parseInt(digits, 16);
    const length = DISTCC_VALUES.has(name) ? 0 : value;
    at += 12;
    if (name === token && ++seen >= occurrence) return { value, body: buffer.slice(at, at + length) };
    at += length;
  }
  return undefined;
}

const distccRow = (name: string, type: 'bin' | 'sint', what: 'value' | 'body'): FetchRow => ({
  name,
  args: 'string[,integer]',
  type,
  source: 'eitherBuffer',
  compile: ([token, occurrenceArg], env) => {
    if ((token as string).length !== 4) return { error: 'token name must be exactly 4 characters' };
    const occurrence = Number(occurrenceArg ?? 0);
    const side = sideAt(env);
    return (ctx) => {
      const found = distccToken(bufferOf(ctx, side), token as string, occurrence);
      return found === undefined || (what === 'body' && found.body.length < found.value) ? undefined : found[what];
    };
  },
});

export const payloadFetches: readonly FetchRow[] = [
  payloadRow('payload', 'eitherBuffer', sideAt),
  payloadRow('req.payload', 'requestBuffer', onRequest),
  payloadRow('res.payload', 'responseBuffer', onResponse),
  payloadLvRow('payload_lv', 'eitherBuffer', sideAt),
  payloadLvRow('req.payload_lv', 'requestBuffer', onRequest),
  payloadLvRow('res.payload_lv', 'responseBuffer', onResponse),
  lengthRow('req.len', 'requestBuffer', 'request'),
  lengthRow('req_len', 'requestBuffer', 'request'),
  lengthRow('res.len', 'responseBuffer', 'response'),
  bodyRow('req.body', 'request'),
  bodyLengthRow('req.body_len', 'request'),
  bodySizeRow('req.body_size', 'request'),
  bodyRow('res.body', 'response'),
  bodyLengthRow('res.body_len', 'response'),
  bodySizeRow('res.body_size', 'response'),
  {
    name: 'req.body_param',
    args: '[string,string]',
    type: 'bin',
    source: 'requestBody',
    compile: compileBodyParam,
  },
  distccRow('distcc_body', 'bin', 'body'),
  distccRow('distcc_param', 'sint', 'value'),
  rdpRow('rdp_cookie', 'str', cookieItself),
  rdpRow('req.rdp_cookie', 'str', cookieItself),
  rdpRow('rdp_cookie_cnt', 'sint', cookieCount),
  rdpRow('req.rdp_cookie_cnt', 'sint', cookieCount),
  {
    name: 'wait_end',
    args: '',
    type: 'bool',
    source: 'internal',
    compile: () => ({
      evaluate: (ctx) => (ctx.final === false ? undefined : true),
      mayChange: (ctx) => ctx.final === false,
    }),
  },
];
