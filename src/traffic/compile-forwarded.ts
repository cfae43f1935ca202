import { bytesOf } from '../config/bytes.ts';
import type { Diagnostic, ForwardedPart, ProxyConfig } from '../config/types.ts';
import { type Compiled, compileWhole } from '../expr/compile.ts';
import { parseIpv6 } from '../expr/ip.ts';
import type { patternKeys } from '../expr/patterns.ts';
import { isForwardedHost, OBFUSCATED, parseNode } from '../expr/rfc7239.ts';
import { place } from '../expr/row.ts';
import type { EndpointView } from '../expr/types.ts';
import type { RuleSurroundings } from './rules/compile.ts';
import { exprEnv } from './rules/expr-env.ts';
import type { Stream } from './stream.ts';

/** Text of a part of the header, '' when there is nothing to tell. */
type TextOf = (stream: Stream, endpoint: EndpointView) => string;

/** Chars that may follow the `_` of an obfuscated name or port. */
const OBFUSCATABLE = /^[A-Za-z0-9._-]+$/;

/** The element that `option forwarded` adds to the Forwarded header (RFC 7239) of requests; null without that option. */
export function compileForwarded(
  config: ProxyConfig,
  around: RuleSurroundings & { readonly keys: ReturnType<typeof patternKeys> },
  problems: Diagnostic[],
): ((stream: Stream) => string) | null {
  const { forwarded, kind, name } = config;
  if (forwarded === null || kind === 'frontend') return null;
  const { at, proto } = forwarded;
  const compile = (expression: string): Compiled | null => {
    const env = exprEnv(around, around.keys, { proxy: name, places: place.backendHttpRequest, at });
    const compiled = compileWhole(bytesOf(expression), env);
    if (!('error' in compiled)) return compiled;
    const what = `${kind === 'listen' ? 'proxy' : kind} '${name}'`;
    const text = `${what} : failed to parse 'option forwarded' expression '${expression}' in : ${compiled.error}.`;
    problems.push({ severity: 'alert', at, text });
    return null;
  };
  const part = (given: ForwardedPart | null, original: TextOf, made: (compiled: Compiled) => TextOf): TextOf | null => {
    if (given === null || given === 'original') return given === null ? null : original;
    const compiled = compile(given.expression);
    return compiled === null ? null : made(compiled);
  };
  const host = part(forwarded.host, originalHost, hostBy);
  const by = part(forwarded.by, originalName, nameBy);
  const byPort = part(forwarded.byPort, originalPort, portBy);
  const of = part(forwarded.for, originalName, nameBy);
  const ofPort = part(forwarded.forPort, originalPort, portBy);
  return (stream) => {
    const said: string[] = [];
    if (proto) said.push(`proto=${stream.tls === null ? 'http' : 'https'}`);
    if (host !== null) said.push(`host="${host(stream, stream.destination)}"`);
    if (by !== null) said.push(`by=${nodeText(stream, stream.destination, by, byPort)}`);
    if (of !== null) said.push(`for=${nodeText(stream, stream.source, of, ofPort)}`);
    return said.join(';');
  };
}

/** A node: in quotes where RFC 7239, section 4, asks for them. */
function nodeText(stream: Stream, endpoint: EndpointView, name: TextOf, port: TextOf | null): string {
  const text = name(stream, endpoint) || 'unknown';
  const end = port === null ? '' : port(stream, endpoint);
  if (port === null && !text.startsWith('[')) return text;
  return end === '' ? `"${text}"` : `"${text}:${end}"`;
}

const originalHost: TextOf = ({ req }) => {
  const index = req.findHeader('host', 0);
  const text = index < 0 ? '' : req.headerValue(index);
  return isForwardedHost(text) ? text : '';
};

const originalName: TextOf = (_stream, { host }) => (host.includes(':') ? `[${host}]` : host);

const originalPort: TextOf = (_stream, { host, port }) => (host === '' ? '' : String(port));

const hostBy = (compiled: Compiled): TextOf => {
  const text = textBy(compiled);
  return (stream) => {
    const host = text(stream);
    return isForwardedHost(host) ? host : '';
  };
};

/** An address, or a name that tells nothing; what is neither becomes one by a `_` where its chars allow that. */
const nameBy = (compiled: Compiled): TextOf => {
  const text = textBy(compiled);
  return (stream) => {
    const name = text(stream);
    if (parseIpv6(name) !== null) return `[${name}]`;
    const node = parseNode(name);
    return node !== null && node.port === null ? name : obfuscated(name);
  };
};

const portBy = (compiled: Compiled): TextOf => {
  const text = textBy(compiled);
  return (stream) => {
    const port = text(stream);
    const isNumber = /^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) <= 65_535;
    return isNumber || OBFUSCATED.test(port) ? port : obfuscated(port);
  };
};

const obfuscated = (text: string): string => (OBFUSCATABLE.test(text) ? `_${text}` : '');

/** What an expression gives, as text; '' for nothing. */
function textBy(compiled: Compiled): (stream: Stream) => string {
  const cast = compiled.castTo('str');
  return (stream) => {
    const value = compiled.evaluate(stream);
    const text = value === undefined || cast == null ? value : cast(value);
    return text === undefined ? '' : String(text);
  };
}
