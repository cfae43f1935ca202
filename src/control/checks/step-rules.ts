import { parseAddress } from '../../config/address.ts';
import { parseAlpn } from '../../config/tls.ts';
import type { Address, WordsAt } from '../../config/types.ts';
import type { LogFormat } from '../../expr/log/format.ts';
import type { CompileEnv } from '../../expr/row.ts';
import { parseExpect } from './expect-rule.ts';
import type { ConnectStep, HttpSendStep, SendStep, Step, VarStep } from './program.ts';
import { fixed, parseHex, RuleError, RuleWords } from './words.ts';

/** The parts of an HTTP request that `option httpchk` and `http-check send` may each leave to the other. */
export interface RequestParts {
  method: string | null;
  uri: LogFormat | null;
  version: string | null;
  headers: (readonly [string, LogFormat])[];
  body: LogFormat | null;
  comment: string | null;
}

/** A rule after parsing: a step; the parts of a request; or a comment that belongs to the rule after it. */
export type ParsedRule =
  | Step
  | { readonly kind: 'request'; readonly number: number; readonly parts: RequestParts }
  | { readonly kind: 'comment'; readonly text: string };

/** The connect that is made where the rules do not begin with one. */
export function implicitConnect(): ConnectStep {
  return {
    kind: 'connect',
    number: 0,
    comment: null,
    implicit: true,
    useDefaults: true,
    port: null,
    addr: null,
    sendProxy: false,
    viaSocks4: false,
    ssl: false,
    sni: null,
    alpn: null,
    proto: null,
    linger: false,
  };
}

/** Parses one `http-check` or `tcp-check` rule. Throws RuleError. */
export function parseRule(rule: WordsAt, number: number, env: CompileEnv): ParsedRule {
  const words = new RuleWords(rule, env);
  const verb = rule.words[1] ?? '';
  if (verb === 'comment') return { kind: 'comment', text: words.argument(verb) };
  if (verb === 'connect') return parseConnect(words, number);
  if (verb === 'expect') return parseExpect(words, number);
  if (/^(un)?set-var/.test(verb)) return parseVar(verb, words, number);
  if (rule.words[0] === 'http-check') return { kind: 'request', number, parts: parseRequest(words) };
  return parseSend(verb, words, number);
}

function parseConnect(words: RuleWords, number: number): ConnectStep {
  const step: { -readonly [K in keyof ConnectStep]: ConnectStep[K] } = {
    ...implicitConnect(),
    number,
    implicit: false,
    useDefaults: false,
  };
  while (!words.done) {
    const word = words.next();
    if (word === 'default') step.useDefaults = true;
    else if (word === 'port') step.port = parsePort(words);
    else if (word === 'addr') step.addr = parseCheckAddress(words.argument(word, '<ipv4|ipv6> as argument'));
    else if (word === 'send-proxy') step.sendProxy = true;
    else if (word === 'linger') step.linger = true;
    else if (word === 'comment') step.comment = words.argument(word);
    else if (word === 'ssl') step.ssl = true;
    else if (word === 'sni') step.sni = words.argument(word);
    else if (word === 'alpn') step.alpn = parseProtocols(words.argument(word));
    else if (word === 'proto') step.proto = parseProto(words.argument(word, 'a MUX protocol as argument'));
    else if (word === 'via-socks4') step.viaSocks4 = true;
    else {
      throw new RuleError(
        `expects 'comment', 'port', 'addr', 'send-proxy', 'ssl', 'sni', 'alpn' or 'via-socks4', 'linger', 'default' but got '${word}' as argument.`,
      );
    }
  }
  return step;
}

function parseProtocols(text: string): readonly string[] {
  const parsed = parseAlpn('alpn', text);
  if ('error' in parsed) throw new RuleError(parsed.error);
  return parsed.protocols;
}

function parseProto(word: string): 'h1' | 'h2' {
  if (word !== 'h1' && word !== 'h2') throw new RuleError(`'proto' : unknown MUX protocol '${word}'.`);
  return word;
}

function parsePort(words: RuleWords): ConnectStep['port'] {
  if (words.done) throw new RuleError("'port' expects a port number or a sample expression as argument.");
  const text = words.peek;
  if (!/^\d+$/.test(text)) return words.expression('port');
  words.next();
  const port = Number(text);
  if (port < 1 || port > 65535)
    throw new RuleError(`expects a valid TCP port (from range 1 to 65535) or a sample expression, got ${text}.`);
  return port;
}

function parseCheckAddress(text: string): Address {
  const parsed = parseAddress(text, { names: false });
  if ('error' in parsed) throw new RuleError(parsed.error);
  return parsed.address;
}

function parseSend(verb: string, words: RuleWords, number: number): SendStep {
  const text = words.argument(verb);
  const hex = verb === 'send-binary-lf';
  const data = verb.endsWith('-lf')
    ? words.compileFormat(verb, text)
    : fixed(verb === 'send-binary' ? parseHex(verb, text) : text);
  let comment: string | null = null;
  while (!words.done) {
    const word = words.next();
    if (word !== 'comment') throw new RuleError(`expects 'comment' but got '${word}' as argument.`);
    comment = words.argument(word);
  }
  return { kind: 'send', number, comment, data, hex };
}

function parseRequest(words: RuleWords): RequestParts {
  const parts: RequestParts = { method: null, uri: null, version: null, headers: [], body: null, comment: null };
  while (!words.done) {
    const word = words.next();
    if (word === 'meth') parts.method = words.argument(word);
    else if (word === 'uri') parts.uri = fixed(words.argument(word));
    else if (word === 'uri-lf') parts.uri = words.format(word);
    else if (word === 'ver') parts.version = words.argument(word);
    else if (word === 'body') parts.body = fixed(words.argument(word));
    else if (word === 'body-lf') parts.body = words.format(word);
    else if (word === 'comment') parts.comment = words.argument(word);
    else if (word === 'hdr') {
      const name = words.argument(word, '<name> and <value> as arguments').toLowerCase();
      const value = words.argument(word, '<name> and <value> as arguments');
      if (name === 'host' && parts.headers.some(([other]) => other === name)) {
        throw new RuleError(`'${word}' header already defined (previous value is '${name}')`);
      }
      parts.headers.push([name, words.compileFormat(word, value)]);
    } else {
      throw new RuleError(
        `expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got '${word}' as argument.`,
      );
    }
  }
  return parts;
}

/** `set-var(<name>) <expr>`, `set-var-fmt(<name>) <fmt>`, `unset-var(<name>)`. */
function parseVar(verb: string, words: RuleWords, number: number): VarStep {
  const match = /^(set-var|set-var-fmt|unset-var)\((check|proc)\.([A-Za-z0-9_.]+)\)$/.exec(verb);
  if (!match) throw new RuleError(`invalid variable '${verb}', the scope must be 'check' or 'proc'.`);
  const [, action, scope, name] = match;
  const value = action === 'unset-var' ? null : action === 'set-var' ? words.expression(verb) : words.format(verb);
  if (!words.done) throw new RuleError(`unexpected argument '${words.peek}'.`);
  return { kind: 'var', number, comment: null, scope: scope as 'check' | 'proc', name: name!, value };
}

/** The request step that two sets of parts make; `first` wins; its headers, if there are any, stand for all. */
export function requestStep(
  number: number,
  first: RequestParts,
  second: RequestParts | null,
  sendState: boolean,
): HttpSendStep {
  return {
    kind: 'http-send',
    number,
    comment: first.comment ?? second?.comment ?? null,
    method: first.method ?? second?.method ?? 'OPTIONS',
    uri: first.uri ?? second?.uri ?? fixed('/'),
    version: first.version ?? second?.version ?? 'HTTP/1.0',
    headers: first.headers.length > 0 ? first.headers : (second?.headers ?? []),
    body: first.body ?? second?.body ?? null,
    sendState,
  };
}
