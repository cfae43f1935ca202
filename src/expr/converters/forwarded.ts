/** Converters of the Forwarded header (HAProxy manual, "rfc7239_is_valid" and following). */

import type { Arg } from '../args.ts';
import { formatIpv6, parseIpv4, parseIpv6 } from '../ip.ts';
import { FORWARDED_PARAMETERS, OBFUSCATED, parseForwarded, parseNode } from '../rfc7239.ts';
import type { Convert, ConverterRow } from '../row.ts';
import { dynamic, type ExprError, type Sint, textOf } from '../sample.ts';
import type { SampleType, SampleValue } from '../types.ts';

function compileField([nameArg]: readonly Arg[]): Convert | ExprError {
  const name = nameArg as string;
  // HAProxy takes other names, and finds nothing.
  if (!FORWARDED_PARAMETERS.includes(name)) return () => undefined;
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

/** Port of a node: a number where it is one, else text. */
function nodePort(text: string): SampleValue | undefined {
  const node = parseNode(text);
  if (node === null || node.port === null) return undefined;
  if (node.port.startsWith('_')) {
    dynamic.type = 'str';
    return node.port;
  }
  dynamic.type = 'sint';
  return Number(node.port);
}

/** A text as an obfuscated name or port, or undefined where it has chars that none may have. */
function obfuscated(text: string): string | undefined {
  const name = `_${text}`;
  return OBFUSCATED.test(name) ? name : undefined;
}

/** Name of a node as a Forwarded header has it: an address (IPv6 in brackets), else an obfuscated name, or `unknown` for nothing. */
function nameNode(value: SampleValue, type: SampleType): string | undefined {
  if (type === 'ipv4') return value as string;
  if (type === 'ipv6') return `[${value as string}]`;
  const text = textOf(value, type);
  return text === '' ? 'unknown' : obfuscated(text);
}

/** Port of a node: a number, else an obfuscated text. */
function portNode(value: SampleValue, type: SampleType): string | undefined {
  if (type === 'sint') return BigInt.asUintN(32, BigInt(value as Sint)).toString();
  return obfuscated(textOf(value, type));
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
