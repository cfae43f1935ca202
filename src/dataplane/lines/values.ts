/** What a word of a line stands for in a resource: how it is read, written, and described in JSON Schema. */

import Type, { type TSchema } from 'typebox';
import { tokenize } from '../../config/tokenizer.ts';
import { parseSize, parseTime } from '../../config/units.ts';

export interface ValueType {
  readonly schema: TSchema;
  /** The value of a word as it is written, quotes included; undefined when the word is none of these. */
  read(word: string): unknown;
  /** The word for a value that fits the schema; null when it cannot be written. */
  write(value: unknown): string | null;
}

/** A value type by its name in a form: `str`, `int`, `time`, `a|b|c`, ... */
export function valueType(name: string): ValueType {
  if (Object.hasOwn(TYPES, name)) return TYPES[name as keyof typeof TYPES];
  if (/^\d+\.\.\d+$/.test(name)) return range(...(name.split('..').map(Number) as [number, number]));
  if (name.startsWith('=')) return choice([name.slice(1)]);
  if (!name.includes('|')) throw new Error(`no type of values is called '${name}'`);
  return choice(name.split('|'));
}

function choice(words: readonly string[]): ValueType {
  return {
    schema: Type.String({ enum: [...words] }),
    read: (word) => (words.includes(word) ? word : undefined),
    write: (value) => (words.includes(value as string) ? (value as string) : null),
  };
}

function range(minimum: number, maximum: number): ValueType {
  const fits = (value: number) => value >= minimum && value <= maximum;
  return {
    schema: Type.Integer({ minimum, maximum }),
    read: (word) => (/^\d{1,15}$/.test(word) && fits(Number(word)) ? Number(word) : undefined),
    write: (value) => String(value),
  };
}

const TYPES = {
  /** A word as it is written. */
  str: {
    schema: Type.String({ minLength: 1 }),
    read: (word) => word,
    write: (value) => asWord(value as string),
  },
  int: {
    schema: Type.Integer(),
    read: (word) => (/^-?\d{1,15}$/.test(word) ? Number(word) : undefined),
    write: (value) => String(value),
  },
  port: range(1, 65_535),
  /** Milliseconds. */
  time: duration('ms'),
  /** Seconds. */
  seconds: duration('s'),
  /** Milliseconds, where a number alone counts seconds. */
  stime: {
    schema: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }),
    read: (word) => asNumber(parseTime(/^\d+$/.test(word) ? `${word}s` : word)),
    write: (value) => withUnit(value as number, TIMES),
  },
  /** Bytes. */
  size: {
    schema: Type.Integer({ minimum: 0 }),
    read: (word) => asNumber(parseSize(word, Number.MAX_SAFE_INTEGER)),
    write: (value) => withUnit(value as number, SIZES),
  },
  /** Values with commas between them. */
  list: {
    schema: Type.Array(Type.String({ minLength: 1, pattern: '^[^,]+$' }), { minItems: 1 }),
    read: (word) => word.split(','),
    write: (value) => asWord((value as string[]).join(',')),
  },
  /** `name=value,...` in quotes, as an object. */
  vars: {
    schema: Type.Record(Type.String({ pattern: '^[A-Za-z0-9_]+$' }), Type.String()),
    read: readVariables,
    write: (value) => asWord(writtenVariables(value as Readonly<Record<string, string>>)),
  },
  onoff: {
    schema: Type.String({ enum: ['enabled', 'disabled'] }),
    read: (word) => (word === 'on' ? 'enabled' : word === 'off' ? 'disabled' : undefined),
    write: (value) => (value === 'enabled' ? 'on' : 'off'),
  },
  bool: {
    schema: Type.Boolean(),
    read: (word) => (word === 'on' ? true : word === 'off' ? false : undefined),
    write: (value) => (value === true ? 'on' : 'off'),
  },
} satisfies Record<string, ValueType>;

function duration(unit: 'ms' | 's'): ValueType {
  return {
    schema: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }),
    read: (word) => asNumber(parseTime(word, unit)),
    write: (value) => withUnit(value as number, unit === 'ms' ? TIMES : SECONDS),
  };
}

function asNumber(result: number | object): number | undefined {
  return typeof result === 'number' ? result : undefined;
}

const SECONDS: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];
const TIMES = [...SECONDS.map(([name, n]) => [name, n * 1000] as const), ['ms', 1] as const];
const SIZES: readonly (readonly [string, number])[] = [
  ['g', 1024 ** 3],
  ['m', 1024 ** 2],
  ['k', 1024],
  ['', 1],
];

/** Commas and quotes in values have a backslash before them. */
function readVariables(word: string): Readonly<Record<string, string>> | undefined {
  const bare = word.replace(/^(["'])(.*)\1$/s, '$2');
  const pairs = bare.split(/(?<!\\),/).map((pair) => /^\s*([A-Za-z0-9_]+)=(.*)$/s.exec(pair));
  if (pairs.some((pair) => pair === null)) return undefined;
  return Object.fromEntries(pairs.map((pair) => [pair![1]!, pair![2]!.replaceAll(/\\([,"])/g, '$1')]));
}

function writtenVariables(variables: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(variables).map(([name, value]) => `${name}=${value.replaceAll(/[,"]/g, '\\$&')}`);
  return `"${pairs.join(',')}"`;
}

/** With the largest unit that leaves a whole number. */
function withUnit(value: number, units: readonly (readonly [string, number])[]): string {
  if (value === 0) return '0';
  const [name, factor] = units.find(([, size]) => value % size === 0)!;
  return `${value / factor}${name}`;
}

/** A text as one word of a line: as it is where it is one already (with quotes of its own, perhaps), else in quotes; null when it has an end of line. */
export function asWord(text: string): string | null {
  if (text === '' || /[\r\n\0]/.test(text)) return null;
  const { words, comment, error, starts, ends } = tokenize(text, variable);
  if (error === null && comment < 0 && words.length === 1 && starts[0] === 0 && ends[0] === text.length && whole(text))
    return text;
  return text.includes("'") ? `"${text.replace(/[\\"$]/g, '\\$&')}"` : `'${text}'`;
}

/** A text as words of a line, as they are written; null when it cannot be that. */
export function asWords(text: string): string | null {
  if (text.trim() === '' || /[\r\n\0]/.test(text) || !whole(text)) return null;
  const { comment, error } = tokenize(text, variable);
  return error === null && comment < 0 ? text.trim() : null;
}

/** It does not end with a backslash, which would take in what is behind it. */
function whole(text: string): boolean {
  return !/(?<!\\)(\\\\)*\\$/.test(text);
}

/** Environment variables stay as they are; one is never an empty word. */
const variable = (name: string) => `$${name}`;
