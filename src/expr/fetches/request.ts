/** The request line, the query and credentials (HAProxy manual, section 7.3.6). */

import type { Arg } from '../args.ts';
import { base64Decode } from '../converters/binary.ts';
import { fullUri } from '../full-uri.ts';
import { avalanche, sdbm } from '../hashes.ts';
import { hostOf, pathAndQueryOf, pathOf, schemeEnd } from '../head.ts';
import { packAddress, parseIpv4 } from '../ip.ts';
import { ParamCursor } from '../params.ts';
import type { CompiledFetch, FetchRow, Unresolved } from '../row.ts';
import { type ExprError, readSint, type ValueType } from '../sample.ts';
import type { ExprContext, HeadView, SampleValue } from '../types.ts';

type ReadHead = (head: HeadView, ctx: ExprContext) => SampleValue | undefined;

/** A fetch on the request's head, without arguments. */
function ofRequest(name: string, type: ValueType, read: ReadHead): FetchRow {
  return {
    name,
    args: '',
    type,
    source: 'requestHeaders',
    compile: () => (ctx) => (ctx.requestHead === null ? undefined : read(ctx.requestHead, ctx)),
  };
}

function queryOf(uri: string, withMark: boolean): string | undefined {
  const mark = uri.indexOf('?');
  return mark === -1 ? undefined : uri.slice(withMark ? mark : mark + 1);
}

/** First Host header and path: `www.example.com/a`. */
function baseOf(head: HeadView, path: string | undefined): string | undefined {
  const host = hostOf(head);
  return host === undefined ? path : path === undefined ? host : host + path;
}

function spread(text: string | undefined): number | undefined {
  return text === undefined ? undefined : avalanche(sdbm(text));
}

/** A 32-bit hash, most significant byte first, followed by the client's address. */
function withSource(hash: number | undefined, ctx: ExprContext): string | undefined {
  const address = hash === undefined ? undefined : packAddress(ctx.source.host);
  if (hash === undefined || address === undefined) return undefined;
  return String.fromCharCode(hash >>> 24, (hash >>> 16) & 255, (hash >>> 8) & 255, hash & 255) + address;
}

/** The authority of an absolute target, as far as it begins with an IPv4 address. */
function addressOf(uri: string): { host: string; port: number } | undefined {
  const start = schemeEnd(uri);
  if (start === 0) return undefined;
  const match = /^(\d+\.\d+\.\d+\.\d+)(?::([0-9]+))?/.exec(uri.slice(start));
  if (match === null || parseIpv4(match[1]!) < 0) return undefined;
  return { host: match[1]!, port: match[2] !== undefined ? Number(match[2]) : /^https:/i.test(uri) ? 443 : 80 };
}

/** `1.1` of a version in tenths. */
export function versionText(version: number): string {
  return `${Math.floor(version / 10)}.${version % 10}`;
}

interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** The field that a client authenticates itself in. */
function authorizationOf({ requestHead: head, toProxy }: ExprContext): string | undefined {
  if (head === null) return undefined;
  const index = head.findHeader(toProxy === true ? 'proxy-authorization' : 'authorization', 0);
  return index < 0 ? undefined : head.headerValue(index);
}

/** Basic credentials of a request (RFC 7617); one request asks several times. */
let lastAuthorization = '';
let lastCredentials: Credentials | undefined;

function credentialsOf(ctx: ExprContext): Credentials | undefined {
  const value = authorizationOf(ctx);
  if (value === undefined) return undefined;
  if (value === lastAuthorization) return lastCredentials;
  lastAuthorization = value;
  lastCredentials = parseBasic(value);
  return lastCredentials;
}

/** What follows the scheme `Bearer` (RFC 6750, 2.1). */
const bearerToken = (value: string): string | undefined => /^bearer +(\S.*)/i.exec(value)?.[1];

function parseBasic(value: string): Credentials | undefined {
  const match = /^basic +(\S+) *$/i.exec(value);
  const decoded = match === null ? undefined : base64Decode(match[1]!);
  const colon = decoded === undefined ? -1 : decoded.indexOf(':');
  if (match === null || decoded === undefined || colon === -1) return undefined;
  return { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** The scheme of the credentials, if it is one of the two that can be read. */
function authType(ctx: ExprContext): string | undefined {
  if (credentialsOf(ctx) !== undefined) return 'Basic';
  return bearerToken(authorizationOf(ctx) ?? '') === undefined ? undefined : 'Bearer';
}

/** A part of the credentials. */
function credential(name: string, read: (given: Credentials) => string): FetchRow {
  const evaluate = (ctx: ExprContext) => {
    const given = credentialsOf(ctx);
    return given === undefined ? undefined : read(given);
  };
  return { name, args: '', type: 'str', source: 'requestHeaders', compile: () => evaluate };
}

/** Parameters of the query, or of what begins behind another delimiter. */
function compileParam(args: readonly Arg[], to: ((text: string) => SampleValue) | null): CompiledFetch | ExprError {
  const [nameArg, delimiterArg, flag] = args as readonly (string | undefined)[];
  const name = nameArg ?? '';
  const delimiter = (delimiterArg || '?')[0]!;
  // Another flag means nothing.
  const ignoreCase = flag === 'i';
  const cursor = new ParamCursor();
  /** Text to look in, with the cursor at the start of the list. */
  const begin = (ctx: ExprContext): string | undefined => {
    const text = ctx.requestHead === null ? undefined : pathAndQueryOf(ctx.requestHead.uri);
    const at = text === undefined ? -1 : text.indexOf(delimiter);
    if (at === -1) return undefined;
    cursor.reset(at + 1);
    return text;
  };
  return {
    evaluate: (ctx) => {
      const text = begin(ctx);
      if (text === undefined || !cursor.next(text, name, delimiter, ignoreCase)) return undefined;
      return to === null ? cursor.value : to(cursor.value);
    },
    scan: (ctx, visit) => {
      const text = begin(ctx);
      if (text === undefined) return false;
      while (cursor.next(text, name, delimiter, ignoreCase)) {
        if (visit(to === null ? cursor.value : to(cursor.value), ctx)) return true;
      }
      return false;
    },
  };
}

const paramRow = (name: string, to: ((text: string) => SampleValue) | null): FetchRow => ({
  name,
  args: '[string,string,string]',
  type: to === null ? 'str' : 'sint',
  source: 'requestHeaders',
  compile: (args) => compileParam(args, to),
});

/** The request line as kept for logs, which outlives the head. */
const captured = (name: string, read: (words: string[]) => string | undefined): FetchRow => ({
  name,
  args: '',
  type: 'str',
  source: 'request',
  compile: () => (ctx) => {
    const words = ctx.log.requestLine.split(' ');
    return words.length < 2 ? undefined : read(words);
  },
});

const versionRow = (name: string): FetchRow => ({
  name,
  args: '',
  type: 'str',
  source: 'request',
  compile: () => (ctx) => (ctx.requestHead === null ? undefined : versionText(ctx.requestHead.version)),
});

const protoRow = (name: string): FetchRow => ({
  name,
  args: '',
  type: 'bool',
  source: 'request',
  compile: () => (ctx) => (ctx.requestHead === null ? undefined : true),
});

/** Methods that are known stay as the client sent them, for as long as the exchange lasts; others are those of the request as it is. */
const METHODS = new Set(['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'CONNECT']);

const methodOf = ({ requestHead, method }: ExprContext): string | undefined =>
  method !== undefined && METHODS.has(method) ? method : requestHead?.method;

function noUserlist(name: Arg): Unresolved {
  return { unresolved: [`unable to find userlist '${name}' referenced in`, ''] };
}

export const requestFetches: readonly FetchRow[] = [
  { name: 'method', args: '', type: 'meth', source: 'request', compile: () => methodOf },
  ofRequest('url', 'str', ({ uri }, { origin = '' }) => fullUri(origin, uri)),
  ofRequest('path', 'str', (head) => pathOf(head.uri)),
  ofRequest('pathq', 'str', (head) => pathAndQueryOf(head.uri)),
  ofRequest('base', 'str', (head) => baseOf(head, pathOf(head.uri))),
  ofRequest('baseq', 'str', (head) => baseOf(head, pathAndQueryOf(head.uri))),
  ofRequest('base32', 'sint', (head) => spread(baseOf(head, pathOf(head.uri)))),
  ofRequest('base32+src', 'bin', (head, ctx) => withSource(spread(baseOf(head, pathOf(head.uri))), ctx)),
  ofRequest('url32', 'sint', (head) => spread(baseOf(head, pathAndQueryOf(head.uri)))),
  ofRequest('url32+src', 'bin', (head, ctx) => withSource(spread(baseOf(head, pathAndQueryOf(head.uri))), ctx)),
  ofRequest('url_ip', 'ipv4', ({ uri }, { origin = '' }) => addressOf(fullUri(origin, uri))?.host),
  ofRequest('url_port', 'sint', ({ uri }, { origin = '' }) => addressOf(fullUri(origin, uri))?.port),
  paramRow('url_param', null),
  paramRow('urlp', null),
  paramRow('urlp_val', readSint),
  {
    name: 'query',
    args: '[string]',
    type: 'str',
    source: 'requestHeaders',
    compile: ([option]) => {
      if (option !== undefined && option !== '' && option !== 'with_qm') {
        return { error: "supported options are: 'with_qm'" };
      }
      const withMark = option === 'with_qm';
      return (ctx) => (ctx.requestHead === null ? undefined : queryOf(ctx.requestHead.uri, withMark));
    },
  },
  versionRow('req.ver'),
  versionRow('req_ver'),
  protoRow('req.proto_http'),
  protoRow('req_proto_http'),
  captured('capture.req.method', ([method]) => method),
  captured('capture.req.uri', ([, uri]) => pathAndQueryOf(uri!)),
  // HAProxy knows two versions here.
  captured('capture.req.ver', (words) => words[2]?.replace('2.0', '1.1') ?? 'HTTP/0.9'),
  {
    ...{ name: 'http_auth_type', args: '', type: 'str', source: 'requestHeaders' },
    compile: () => authType,
  },
  credential('http_auth_user', ({ user }) => user),
  credential('http_auth_pass', ({ password }) => password),
  {
    name: 'http_auth_bearer',
    args: '[string]',
    type: 'str',
    source: 'requestHeaders',
    compile: ([headerArg]) => {
      const header = ((headerArg as string | undefined) || 'authorization').toLowerCase();
      return (ctx) => {
        const head = ctx.requestHead;
        const index = head === null ? -1 : head.findHeader(header, 0);
        return index < 0 ? undefined : bearerToken(head!.headerValue(index));
      };
    },
  },
  {
    name: 'http_auth',
    args: 'user list',
    type: 'bool',
    source: 'requestHeaders',
    compile: ([name], env) => {
      const users = env.userlist?.(name as string) ?? null;
      if (users === null) return noUserlist(name);
      return (ctx) => {
        const given = credentialsOf(ctx);
        return given === undefined ? undefined : users.check(given.user, given.password);
      };
    },
  },
  {
    name: 'http_auth_group',
    args: 'user list',
    type: 'str',
    source: 'requestHeaders',
    compile: ([name], env) => {
      const users = env.userlist?.(name as string) ?? null;
      if (users === null) return noUserlist(name);
      return {
        evaluate: (ctx) => {
          const given = credentialsOf(ctx);
          return given !== undefined && users.check(given.user, given.password) ? given.user : undefined;
        },
        match: (groups) => {
          if (groups.length === 0) return { error: 'no groups specified' };
          const unknown = groups.find((group) => !users.groups.includes(group));
          if (unknown !== undefined) return { error: `invalid group '${unknown}'` };
          return (user) => groups.some((group) => users.isMember(user as string, group));
        },
      };
    },
  },
];
