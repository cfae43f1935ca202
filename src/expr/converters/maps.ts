/** Maps: values looked up by key in lists that can be edited live (HAProxy manual, section 7.3.1, `map`). */

import { textOfBytes } from '../../config/bytes.ts';
import { findInSource } from '../acl/match-source.ts';
import type { Arg } from '../args.ts';
import { expandGroups } from '../expand-groups.ts';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../ip.ts';
import type { MapValue } from '../patterns.ts';
import type { CompileEnv, Convert, ConverterRow } from '../row.ts';
import { type ExprError, parseSint, type ValueType } from '../sample.ts';
import type { SampleValue } from '../types.ts';

const MATCHES = ['str', 'beg', 'dir', 'dom', 'end', 'int', 'ip', 'reg', 'sub'] as const;

/** Types of values, by what ends the name of the converter. */
const OUTPUTS = { '': 'str', _int: 'sint', _ip: 'addr' } as const satisfies Readonly<Record<string, MapValue>>;

const inputOf = (match: string): ValueType => (match === 'int' ? 'sint' : match === 'ip' ? 'addr' : 'str');

/** Reads a value of the file, or the one for no match; undefined when it is none of that type. */
const READ: Readonly<Record<MapValue, (text: string) => SampleValue | undefined>> = {
  str: (text) => text,
  sint: (text) => parseSint(text) ?? undefined,
  addr: readAddress,
};

function readAddress(text: string): string | undefined {
  const v4 = parseIpv4(text);
  if (v4 >= 0) return formatIpv4(v4);
  const v6 = parseIpv6(text);
  return v6 === null ? undefined : formatIpv6(v6);
}

/** Why a text is no value of a map, or null. */
export function mapValueProblem(values: MapValue, text: string): string | null {
  return READ[values](text) === undefined ? `unable to parse '${text}'` : null;
}

/** A map, and the function that finds entries of it. */
function openMap(
  name: Arg,
  match: string,
  values: MapValue,
  env: CompileEnv,
  onMatch: (match: RegExpExecArray) => void = () => {},
) {
  if (env.patterns === undefined) return { error: 'maps are for what is evaluated for traffic, not here' };
  const source = env.patterns({
    name: textOfBytes(name as string),
    patterns: [],
    kind: 'map',
    match,
    ignoreCase: false,
    keyed: true,
    named: false,
    values,
    id: null,
    subject: 'map',
    text: '',
  });
  return 'error' in source ? source : { source, find: findInSource(source, match, onMatch) };
}

function compileMap(match: string, values: MapValue, [name, given]: readonly Arg[], env: CompileEnv) {
  const fallback = given === undefined ? undefined : READ[values](String(given));
  if (given !== undefined && fallback === undefined) return { error: `map: cannot parse default ip <${given}>` };
  const map = openMap(name, match, values, env);
  if ('error' in map) return map;
  const { source, find } = map;
  const read = READ[values];
  return (value: SampleValue) => {
    const entry = find(value);
    return entry === 0 ? fallback : read(source.value(entry));
  };
}

/** `map_regm`: groups of the match take their places in the value. */
function compileRegm([name, fallback]: readonly Arg[], env: CompileEnv): Convert | ExprError {
  let last: RegExpExecArray | null = null;
  const map = openMap(name, 'reg', 'str', env, (match) => {
    last = match;
  });
  if ('error' in map) return map;
  const { source, find } = map;
  return (value) => {
    const entry = find(value);
    return entry === 0 ? fallback : expandGroups(source.value(entry), last!);
  };
}

/** `map_<match>_key`: the key that matches. */
function compileKey(match: string, [name]: readonly Arg[], env: CompileEnv): Convert | ExprError {
  const map = openMap(name, match, 'str', env);
  if ('error' in map) return map;
  const { source, find } = map;
  return (value) => {
    const entry = find(value);
    return entry === 0 ? undefined : source.key(entry);
  };
}

function row(match: string, ending: keyof typeof OUTPUTS, name = `map_${match}${ending}`): ConverterRow {
  const out = OUTPUTS[ending];
  return {
    name,
    args: out === 'sint' ? 'string[,integer]' : 'string[,string]',
    in: inputOf(match),
    out,
    compile: (args, env) => compileMap(match, out, args, env),
  };
}

export const mapConverters: readonly ConverterRow[] = [
  row('str', '', 'map'),
  ...MATCHES.flatMap((match) => [
    row(match, ''),
    row(match, '_int'),
    row(match, '_ip'),
    {
      name: `map_${match}_key`,
      args: 'string',
      in: inputOf(match),
      out: 'str',
      compile: (args, env) => compileKey(match, args, env),
    } satisfies ConverterRow,
  ]),
  { name: 'map_regm', args: 'string[,string]', in: 'str', out: 'str', compile: compileRegm },
];
