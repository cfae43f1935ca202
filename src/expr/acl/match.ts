/** Match methods of ACLs: from a list of patterns to one function over values (HAProxy manual, section 7.1). */

import { bytesOfHex } from '../fetches/constants.ts';
import { compileRegex } from '../regex.ts';
import { type ExprError, METHODS, type Sint, type ValueType } from '../sample.ts';
import { asciiLower } from '../text.ts';
import type { SampleValue } from '../types.ts';
import { NetworkSet } from './networks.ts';
import { parseRange, type Range } from './range.ts';

/** Tells whether a value, already cast to the method's type, matches one of the patterns. */
export type Matches = (value: SampleValue) => boolean;

export interface MatchOptions {
  readonly ignoreCase: boolean;
}

/** A match method: the type that values are cast to, and how patterns are compiled. */
export interface MatchMethod {
  readonly name: string;
  /** null: the value is not looked at. */
  readonly type: ValueType;
  /** Patterns are numbers, that operators and ranges apply to. */
  readonly numeric: boolean;
  /** Patterns are needed for it ever to match. */
  readonly needsPatterns: boolean;
  compile(patterns: readonly string[], options: MatchOptions): Matches | ExprError;
}

const fold = (text: string, { ignoreCase }: MatchOptions): string => (ignoreCase ? asciiLower(text) : text);

/** A method over texts: `make` gets the patterns already folded, and so does the matcher its values. */
function textMethod(name: string, make: (patterns: readonly string[]) => (text: string) => boolean): MatchMethod {
  return {
    name,
    type: 'str',
    numeric: false,
    needsPatterns: true,
    compile: (patterns, options) => {
      const matches = make(patterns.map((pattern) => fold(pattern, options)));
      return options.ignoreCase ? (value) => matches(asciiLower(value as string)) : (value) => matches(value as string);
    },
  };
}

function oneOf(patterns: readonly string[]): (text: string) => boolean {
  if (patterns.length === 1) {
    const [only] = patterns;
    return (text) => text === only;
  }
  const set = new Set(patterns);
  return (text) => set.has(text);
}

/** Patterns by their length, shortest first: one look-up per distinct length instead of one comparison per pattern. */
function byLength(patterns: readonly string[]): { length: number; set: Set<string> }[] {
  const lengths = new Map<number, Set<string>>();
  for (const pattern of patterns) {
    const set = lengths.get(pattern.length);
    if (set === undefined) lengths.set(pattern.length, new Set([pattern]));
    else set.add(pattern);
  }
  return [...lengths].map(([length, set]) => ({ length, set })).sort((a, b) => a.length - b.length);
}

const FEW = 8;

function beginsWith(patterns: readonly string[]): (text: string) => boolean {
  if (patterns.length <= FEW) {
    return (text) => {
      for (let i = 0; i < patterns.length; i++) if (text.startsWith(patterns[i]!)) return true;
      return false;
    };
  }
  const groups = byLength(patterns);
  return (text) => {
    for (const { length, set } of groups) {
      if (length > text.length) return false;
      if (set.has(text.slice(0, length))) return true;
    }
    return false;
  };
}

function endsWith(patterns: readonly string[]): (text: string) => boolean {
  if (patterns.length <= FEW) {
    return (text) => {
      for (let i = 0; i < patterns.length; i++) if (text.endsWith(patterns[i]!)) return true;
      return false;
    };
  }
  const groups = byLength(patterns);
  return (text) => {
    for (const { length, set } of groups) {
      if (length > text.length) return false;
      if (set.has(text.slice(text.length - length))) return true;
    }
    return false;
  };
}

function contains(patterns: readonly string[]): (text: string) => boolean {
  return (text) => {
    for (let i = 0; i < patterns.length; i++) if (text.includes(patterns[i]!)) return true;
    return false;
  };
}

/** Whole words between delimiters; delimiters around a pattern do not count. */
function containsWord(delimiters: string): (patterns: readonly string[]) => (text: string) => boolean {
  const isDelimiter = (text: string, at: number): boolean =>
    at < 0 || at >= text.length || delimiters.includes(text[at]!);
  const trim = (pattern: string): string => {
    let start = 0;
    let end = pattern.length;
    while (start < end && delimiters.includes(pattern[start]!)) start++;
    while (end > start && delimiters.includes(pattern[end - 1]!)) end--;
    return pattern.slice(start, end);
  };
  const has = (text: string, word: string): boolean => {
    if (word === '') return false;
    for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
      if (isDelimiter(text, at - 1) && isDelimiter(text, at + word.length)) return true;
    }
    return false;
  };
  return (patterns) => {
    const words = patterns.map(trim);
    return (text) => {
      for (let i = 0; i < words.length; i++) if (has(text, words[i]!)) return true;
      return false;
    };
  };
}

function compileRanges(patterns: readonly string[]): ((value: Sint) => boolean) | ExprError {
  const ranges: Range[] = [];
  const exact = new Set<Sint>();
  for (const pattern of patterns) {
    const range = parseRange(pattern);
    if ('error' in range) return range;
    if (range.from !== null && range.from === range.to) exact.add(range.from);
    else ranges.push(range);
  }
  const inRange = (value: Sint): boolean => {
    for (let i = 0; i < ranges.length; i++) {
      const { from, to } = ranges[i]!;
      if ((from === null || value >= from) && (to === null || value <= to)) return true;
    }
    return false;
  };
  if (exact.size === 0) return inRange;
  return (value) => exact.has(value) || inRange(value);
}

const methods: readonly MatchMethod[] = [
  { name: 'found', type: 'any', numeric: false, needsPatterns: false, compile: () => () => true },
  { name: 'bool', type: 'bool', numeric: false, needsPatterns: false, compile: () => (value) => value === true },
  {
    name: 'int',
    type: 'sint',
    numeric: true,
    needsPatterns: true,
    compile: (patterns) => {
      const matches = compileRanges(patterns);
      return typeof matches === 'function' ? (value) => matches(value as Sint) : matches;
    },
  },
  {
    name: 'len',
    type: 'str',
    numeric: true,
    needsPatterns: true,
    compile: (patterns) => {
      const matches = compileRanges(patterns);
      return typeof matches === 'function' ? (value) => matches((value as string).length) : matches;
    },
  },
  {
    name: 'ip',
    type: 'addr',
    numeric: false,
    needsPatterns: true,
    compile: (patterns) => {
      const networks = new NetworkSet();
      for (const pattern of patterns) {
        if (!networks.add(pattern)) return { error: `'${pattern}' is not a valid IPv4 or IPv6 address` };
      }
      networks.seal();
      return (value) => networks.has(value as string);
    },
  },
  {
    name: 'bin',
    type: 'bin',
    numeric: false,
    needsPatterns: true,
    compile: (patterns) => {
      const set = new Set<string>();
      for (const pattern of patterns) {
        const bytes = bytesOfHex(pattern);
        if (typeof bytes !== 'string') return bytes;
        set.add(bytes);
      }
      return (value) => set.has(value as string);
    },
  },
  {
    name: 'reg',
    type: 'str',
    numeric: false,
    needsPatterns: true,
    compile: (patterns, { ignoreCase }) => {
      const regexes: RegExp[] = [];
      for (const pattern of patterns) {
        const regex = compileRegex(pattern, ignoreCase);
        if (!(regex instanceof RegExp)) return regex;
        regexes.push(regex);
      }
      return (value) => {
        for (let i = 0; i < regexes.length; i++) if (regexes[i]!.test(value as string)) return true;
        return false;
      };
    },
  },
  textMethod('str', oneOf),
  textMethod('beg', beginsWith),
  textMethod('end', endsWith),
  textMethod('sub', contains),
  textMethod('dir', containsWord('/?')),
  textMethod('dom', containsWord('/?.:')),
];

/** What values of type `meth` are matched by unless told otherwise: names, in any case with `-i`. */
const methodMatch: MatchMethod = {
  name: 'meth',
  type: 'meth',
  numeric: false,
  needsPatterns: true,
  compile: (patterns, options) => {
    // HAProxy compares those that it knows by number, so that `-i` is only about the others.
    const known = new Set(patterns.filter((pattern) => METHODS.includes(pattern)));
    const others = new Set(patterns.filter((pattern) => !known.has(pattern)).map((pattern) => fold(pattern, options)));
    const all = new Set(METHODS);
    return (value) =>
      all.has(value as string) ? known.has(value as string) : others.has(fold(value as string, options));
  },
};

const methodsByName = new Map(methods.map((method) => [method.name, method]));

/** The match method that `-m` names, or null. */
export function findMatchMethod(name: string): MatchMethod | null {
  return methodsByName.get(name) ?? null;
}

/** The match method for values of a type when none is named; null where one must be named. */
export function defaultMatchMethod(type: ValueType): MatchMethod | null {
  switch (type) {
    case 'bool':
      return methodsByName.get('bool')!;
    case 'sint':
      return methodsByName.get('int')!;
    case 'addr':
    case 'ipv4':
    case 'ipv6':
      return methodsByName.get('ip')!;
    case 'str':
      return methodsByName.get('str')!;
    case 'meth':
      return methodMatch;
    default:
      return null;
  }
}

/** Why a text is no pattern of a method, or null. Methods without a name of their own take any. */
export function patternProblem(match: string, pattern: string, ignoreCase: boolean): string | null {
  const compiled = CHECKED.has(match) ? findMatchMethod(match)!.compile([pattern], { ignoreCase }) : null;
  return compiled !== null && 'error' in compiled ? compiled.error : null;
}

/** Methods whose patterns are more than texts. */
const CHECKED: ReadonlySet<string> = new Set(['int', 'len', 'ip', 'bin', 'reg']);
