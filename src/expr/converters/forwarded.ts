/** The Forwarded header (RFC 7239; HAProxy manual, "rfc7239_is_valid" and following). */

import type { Arg } from '../args.ts';
import { formatIpv6, parseIpv4, parseIpv6 } from '../ip.ts';
import type { Convert, ConverterRow } from '../row.ts';
import { dynamic, type ExprError, textOf } from '../sample.ts';
import { asciiLower } from '../text.ts';
import type { SampleType, SampleValue } from '../types.ts';

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PAIR = new RegExp(
  `^(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\\\x00-\\x08\\n-\\x1f\\x7f]|\\\\[\\t -~\\x80-\\xff])*)")`,
);
const PARAMETERS = ['proto', 'host', 'for', 'by'];
const OBFUSCATED = /^_[A-Za-z0-9._-]+$/;

/** A node identifier (RFC 7239, section 6): its name and port, or null when malformed. */
function parseNode(text: string): { name: string; port: string | null } | null {
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]{1,5}|_[A-Za-z0-9._-]+))?$/.exec(text);
  if (match === null) return null;
  const name = match[1]!;
  const port = match[2] ?? null;
  if (port !== null && !port.startsWith('_') && Number(port) > 65535) return null;
  const bare = name.startsWith('[') ? (parseIpv6(name.slice(1, -1)) === null ? null : name) : name;
  if (bare === null) return null;
  return bare.startsWith('[') || bare === 'unknown' || OBFUSCATED.test(bare) || parseIpv4(bare) >= 0
    ? { name, port }
    : null;
}

function isHost(text: string): boolean {
  return /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::[0-9]*)?$/.test(text);
}

function isValueOf(name: string, value: string): boolean {
  switch (name) {
    case 'proto':
      return /^[A-Za-z][A-Za-z0-9+.-]*$/.test(value);
    case 'host':
      return isHost(value);
    default:
      return parseNode(value) !== null;
  }
}

/** Parameters of the first element of a header, all elements checked when `strict`; null when malformed. */
function parseForwarded(header: string, strict: boolean): Map<string, string> | null {
  let rest = header.trim();
  let first: Map<string, string> | null = null;
  for (;;) {
    const parameters = new Map<string, string>();
    for (;;) {
      const match = PAIR.exec(rest);
      if (match === null) return null;
      const name = asciiLower(match[1]!);
      const value = match[2] ?? match[3]!.replace(/\\(.)/gs, '$1');
      if (parameters.has(name) || (PARAMETERS.includes(name) && !isValueOf(name, value))) return null;
      parameters.set(name, value);
      rest = rest.slice(match[0].length);
      if (!rest.startsWith(';')) break;
      rest = rest.slice(1);
    }
    first ??= parameters;
    if (rest === '' || !strict) return first;
    const comma = /^[ \t]*,[ \t]*/.exec(rest);
    if (comma === null) return null;
    rest = rest.slice(comma[0].length);
  }
}

function compileField([nameArg]: readonly Arg[]): Convert | ExprError {
  const name = nameArg as string;
  if (!PARAMETERS.includes(name)) {
    return { error: "rfc7239_field: expects 'proto', 'host', 'for' or 'by'" };
  }
  return (header) => parseForwarded(header as string, false)?.get(name);
}

/** Name of a node: an address where it is one, else text. */
function nodeName(text: string): SampleValue | undefined {
  const node = parseNode(text);
  if (node === null) return undefined;
  if (parseIpv4(node.name) >= 0) {
    dynamic.type = 'ipv4';
    return node.name;
  }
  if (node.name.startsWith('[')) {
    dynamic.type = 'ipv6';
    return formatIpv6(parseIpv6(node.name.slice(1, -1))!);
  }
  dynamic.type = 'str';
  return node.name;
}

/** Port of a node: a number where it is one, else text; 0 when it has none. */
function nodePort(text: string): SampleValue | undefined {
  const node = parseNode(text);
  if (node === null) return undefined;
  if (node.port?.startsWith('_') === true) {
    dynamic.type = 'str';
    return node.port;
  }
  dynamic.type = 'sint';
  return Number(node.port ?? 0);
}

/** Name of a node as a Forwarded header has it: IPv6 in brackets, an obfuscated name as it is; anything else is `unknown`. */
function nameNode(value: SampleValue, type: SampleType): string {
  const text = textOf(value, type);
  if (type === 'ipv6' || parseIpv6(text) !== null) return `"[${text}]"`;
  return parseIpv4(text) >= 0 || OBFUSCATED.test(text) ? text : 'unknown';
}

/** Port of a node: a number, or an obfuscated text; none for anything else. */
function portNode(value: SampleValue, type: SampleType): string | undefined {
  const text = textOf(value, type);
  return OBFUSCATED.test(text) || (/^\d{1,5}$/.test(text) && Number(text) <= 65535) ? text : undefined;
}

export const forwardedConverters: readonly ConverterRow[] = [
  {
    name: 'rfc7239_is_valid',
    args: '',
    in: 'str',
    out: 'bool',
    compile: () => (header) => parseForwarded(header as string, true) !== null,
  },
  { name: 'rfc7239_field', args: 'string', in: 'str', out: 'str', compile: compileField },
  { name: 'rfc7239_n2nn', args: '', in: 'str', out: 'any', compile: () => (text) => nodeName(text as string) },
  { name: 'rfc7239_nn', args: '', in: 'any', out: 'str', compile: () => (value, _ctx, type) => nameNode(value, type) },
  { name: 'rfc7239_np', args: '', in: 'any', out: 'str', compile: () => (value, _ctx, type) => portNode(value, type) },
  { name: 'rfc7239_n2np', args: '', in: 'str', out: 'any', compile: () => (text) => nodePort(text as string) },
];
