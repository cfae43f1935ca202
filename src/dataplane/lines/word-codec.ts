/** One word of a line that has one or more fields in it: `<name>`, `set-var(<scope>.<name>)`, an address with its port. */

import { isIPv6 } from 'node:net';
import Type from 'typebox';
import { parseSize } from '../../config/units.ts';
import type { Field, FieldProblem, Fields } from './field.ts';
import { isAbsent } from './field.ts';
import { asWord, type ValueType, valueType } from './values.ts';

export interface WordCodec {
  readonly fields: readonly Field[];
  /** The fields of a word as it is written; undefined when it is not one of these. */
  read(word: string): Fields | undefined;
  /** The word; null when no field of it is set, a problem when one is missing or cannot be written. */
  write(fields: Fields): string | null | FieldProblem;
}

interface Placeholder {
  readonly name: string;
  readonly type: ValueType;
}

interface Segment {
  /** Text, or a field. */
  readonly text: string;
  readonly field: Placeholder | null;
  /** Inside `{...}`: left out when its field is not set. */
  readonly optional: boolean;
}

/** A codec of a template such as `sc-inc-gpc(<sc_id:int>{,<sc_idx:int>})`; one field alone may be anything that its type takes. */
export function templateCodec(template: string): WordCodec {
  const segments = segmentsOf(template);
  const fields = segments.filter(({ field }) => field !== null);
  const alone = segments.length === 1 && fields.length === 1;
  const pattern = patternOf(segments);
  return {
    fields: fields.map(({ field, optional }) => ({
      name: field!.name,
      schema: field!.type.schema,
      required: !optional,
    })),
    read(word) {
      const found = pattern.exec(word);
      if (found === null) return undefined;
      const result: Record<string, unknown> = {};
      for (const [i, { field }] of fields.entries()) {
        const text = found[i + 1];
        if (text === undefined) continue;
        const value = field!.type.read(text);
        if (value === undefined) return undefined;
        result[field!.name] = value;
      }
      return result;
    },
    write(given) {
      let word = '';
      for (const [i, { text, field, optional }] of segments.entries()) {
        const own = field ?? (optional ? (segments[i + 1]?.field ?? null) : null);
        const value = own === null ? undefined : given[own.name];
        if (own !== null && isAbsent(value)) {
          if (optional) continue;
          return { field: own.name, text: 'is missing' };
        }
        if (field === null) {
          word += text;
          continue;
        }
        const written = field.type.write(value);
        if (written === null || (!alone && asWord(written) !== written))
          return { field: field.name, text: 'cannot be written in a line' };
        word += written;
      }
      return word;
    },
  };
}

function segmentsOf(template: string): Segment[] {
  const segments: Segment[] = [];
  for (const [part] of template.matchAll(/\{[^}]*\}|[^{]+/g)) {
    const optional = part.startsWith('{');
    const inner = optional ? part.slice(1, -1) : part;
    for (const [piece] of inner.matchAll(/<[^>]+>|[^<]+/g)) {
      const [name, type = 'str'] = piece.startsWith('<') ? piece.slice(1, -1).split(/:(.*)/) : [];
      const field = name === undefined ? null : { name, type: valueType(type) };
      segments.push({ text: piece, field, optional });
    }
  }
  return segments;
}

function patternOf(segments: readonly Segment[]): RegExp {
  let source = '';
  for (const [i, { text, field, optional }] of segments.entries()) {
    const last = i === segments.length - 1;
    const piece = field === null ? RegExp.escape(text) : last ? '(.+)' : '(.+?)';
    // An optional part is a text and a field.
    if (optional && field === null) source += `(?:${piece}`;
    else source += optional ? `${piece})?` : piece;
  }
  return new RegExp(`^${source}$`, 's');
}

const ADDRESS = Type.String({ minLength: 1, pattern: '^\\S+$' });
const PORT = Type.Integer({ minimum: 1, maximum: 65_535 });

/** `address` and `port` of a server, name server, peer, ...: `10.0.0.1:80`, `[::1]:80`, `unix@/run/app.sock`. */
export const addressCodec: WordCodec = {
  fields: [
    { name: 'address', schema: ADDRESS, required: true },
    { name: 'port', schema: PORT, required: false },
  ],
  read(word) {
    const { address, rest } = splitPort(word);
    if (rest === null) return { address };
    return /^\d+$/.test(rest) && Number(rest) >= 1 && Number(rest) <= 65_535
      ? { address, port: Number(rest) }
      : { address: word };
  },
  write: ({ address, port }) => joined(address, isAbsent(port) ? '' : `:${port}`),
};

/** The port of a step of a check: a number, or an expression that gives one. */
export const checkPortCodec: WordCodec = {
  fields: [
    { name: 'port', schema: PORT, required: false },
    { name: 'port_string', schema: Type.String({ minLength: 1 }), required: false },
  ],
  read: (word) => {
    const isPort = /^\d{1,5}$/.test(word) && Number(word) >= 1 && Number(word) <= 65_535;
    return isPort ? { port: Number(word) } : { port_string: word };
  },
  write({ port, port_string: text }) {
    if (!isAbsent(port))
      return isAbsent(text) ? String(port) : { field: 'port_string', text: 'cannot stand beside port' };
    return asWord(text as string) ?? { field: 'port_string', text: 'cannot be written in a line' };
  },
};

/** An algorithm of congestion control with what it takes: `cubic`, `bbr(480k,12)`, `cubic(,12)`. The window is told in kB. */
export const congestionCodec: WordCodec = {
  fields: [
    { name: 'quic-cc-algo', schema: Type.String({ minLength: 1, pattern: '^[a-z0-9-]+$' }), required: true },
    { name: 'quic_cc_algo_max_window', schema: Type.Integer({ minimum: 10, maximum: 4_194_304 }), required: false },
    { name: 'quic_cc_algo_burst_size', schema: Type.Integer({ minimum: 0, maximum: 1024 }), required: false },
  ],
  read(word) {
    const [, name, size = '', burst = ''] = /^([a-z0-9-]+)(?:\(([0-9a-zA-Z]*)(?:,(\d{1,4}))?\))?$/.exec(word) ?? [];
    const window = size === '' ? 0 : parseSize(size, Number.MAX_SAFE_INTEGER);
    if (name === undefined || typeof window !== 'number' || window % 1024 !== 0) return undefined;
    return {
      'quic-cc-algo': name,
      ...(size === '' ? {} : { quic_cc_algo_max_window: window / 1024 }),
      ...(burst === '' ? {} : { quic_cc_algo_burst_size: Number(burst) }),
    };
  },
  write({ 'quic-cc-algo': name, quic_cc_algo_max_window: window, quic_cc_algo_burst_size: burst }) {
    if (isAbsent(name)) return { field: 'quic-cc-algo', text: 'is missing' };
    if (isAbsent(window) && isAbsent(burst)) return name as string;
    return `${name}(${isAbsent(window) ? '' : `${window}k`}${isAbsent(burst) ? '' : `,${burst}`})`;
  },
};

/** The same of a `bind` line: the address may be left out, the port be a range. */
export const bindAddressCodec: WordCodec = {
  fields: [
    { name: 'address', schema: ADDRESS, required: false },
    { name: 'port', schema: PORT, required: false },
    { name: 'port-range-end', schema: PORT, required: false },
  ],
  read(word) {
    if (word.includes(',')) return { address: word };
    const { address, rest } = splitPort(word);
    const range = /^(\d+)(?:-(\d+))?$/.exec(rest ?? '');
    if (range === null) return { address: word };
    const [port, end] = [Number(range[1]), range[2]];
    return {
      ...(address === '' ? {} : { address }),
      port,
      ...(end === undefined ? {} : { 'port-range-end': Number(end) }),
    };
  },
  write({ address, port, 'port-range-end': end }) {
    if (isAbsent(port))
      return isAbsent(end) ? joined(address, '') : { field: 'port-range-end', text: 'needs a port before it' };
    return joined(isAbsent(address) ? '*' : address, `:${port}${isAbsent(end) ? '' : `-${end}`}`);
  },
};

function joined(address: unknown, port: string): string | FieldProblem {
  if (isAbsent(address)) return { field: 'address', text: 'is missing' };
  const bare = port === '' && isIPv6(address as string);
  const word = bare ? `[${address}]` : `${address}${port}`;
  return asWord(word) === word ? word : { field: 'address', text: 'cannot be written in a line' };
}

/** Cuts `10.0.0.1:80` at its last colon, as HAProxy does with IPv6 addresses without brackets, too. */
function splitPort(word: string): { readonly address: string; readonly rest: string | null } {
  const colon = word.lastIndexOf(':');
  if (colon < 0 || /^["'/]|^(unix|abns|abnsz|fd|sockpair)@/.test(word)) return { address: word, rest: null };
  if (word.endsWith(']')) return { address: word, rest: null };
  return { address: word.slice(0, colon), rest: word.slice(colon + 1) };
}
