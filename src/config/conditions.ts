/** Conditions of `.if` / `.elif` and of `-cc` (manual, section 2.4). */

import { tokenize } from './tokenizer.ts';

/** What conditions ask about; the caller knows what is built in. */
export interface Facts {
  /** The version that `version_atleast` compares with (`3.5-dev5`, `3.5.2`). */
  readonly version: string;
  /** Features as `-vv` lists them, without the sign, those that work. */
  readonly features: readonly string[];
  /** What `enabled(...)` may ask for (`POLL`, `EPOLL`, `SPLICE`, ...). */
  readonly enabled: readonly string[];
  /** Name and version of the TLS library (`OpenSSL 3.5.2 ...`). */
  readonly tlsLibrary: string;
  readonly environment: (name: string) => string | undefined;
}

/** Why a condition could not be evaluated, and where in it (from 0). */
export interface ConditionError {
  readonly error: string;
  readonly position: number;
}

/** Conditions nested deeper than this are refused. */
const MAX_DEPTH = 64;

/**
 * Whether `text` holds, written as after `.if`: quotes and environment variables count as anywhere in the file.
 * An empty condition does not hold.
 */
export function evaluateCondition(text: string, facts: Facts): boolean | ConditionError {
  const { words, error } = tokenize(text, facts.environment);
  if (error !== null) return { error: error.text, position: error.position };
  return evaluateWords(/\S/.test(text) || text === '' ? words : [text], facts);
}

/** The same for a condition that has been cut into words already. */
export function evaluateWords(words: readonly string[], facts: Facts): boolean | ConditionError {
  const parser = new ConditionParser(words.join(' '), facts);
  try {
    return parser.whole();
  } catch (error) {
    if (error instanceof Mistake) return { error: error.message, position: error.position };
    throw error;
  }
}

class Mistake extends Error {
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

interface Predicate {
  readonly arity: number;
  test(args: readonly string[], facts: Facts): boolean;
}

const PREDICATES: Readonly<Record<string, Predicate>> = {
  defined: { arity: 1, test: ([name], facts) => facts.environment(name!) !== undefined },
  feature: { arity: 1, test: ([name], facts) => facts.features.includes(name!) },
  enabled: {
    arity: 1,
    test: ([name], facts) => facts.enabled.some((known) => known.toUpperCase() === name!.toUpperCase()),
  },
  streq: { arity: 2, test: ([a, b]) => a === b },
  strneq: { arity: 2, test: ([a, b]) => a !== b },
  strstr: { arity: 2, test: ([a, b]) => a!.includes(b!) },
  version_atleast: { arity: 1, test: ([v], facts) => compareVersions(facts.version, v!) >= 0 },
  version_before: { arity: 1, test: ([v], facts) => compareVersions(facts.version, v!) < 0 },
  openssl_version_atleast: { arity: 1, test: ([v], facts) => compareTls(facts, v!, 'OpenSSL') >= 0 },
  openssl_version_before: { arity: 1, test: ([v], facts) => compareTls(facts, v!, 'OpenSSL') < 0 },
  awslc_api_atleast: { arity: 1, test: () => false },
  awslc_api_before: { arity: 1, test: () => false },
  ssllib_name_startswith: { arity: 1, test: ([name], facts) => facts.tlsLibrary.startsWith(name!) },
};

/** A recursive descent: or -> and -> term. Both sides are always parsed, so that a mistake is found wherever it is. */
class ConditionParser {
  readonly text: string;
  readonly facts: Facts;
  position: number;
  depth: number;

  constructor(text: string, facts: Facts) {
    this.text = text;
    this.facts = facts;
    this.position = 0;
    this.depth = 0;
  }

  whole(): boolean {
    if (this.text === '') return false;
    const result = this.or();
    this.blanks();
    const rest = this.text[this.position];
    if (rest !== undefined)
      this.fail(`unexpected character '${rest}' at the end of conditional expression '${this.text}'`);
    return result;
  }

  or(): boolean {
    let result = this.and();
    while (this.take('||')) {
      const right = this.and();
      result = result || right;
    }
    return result;
  }

  and(): boolean {
    let result = this.term();
    while (this.take('&&')) {
      const right = this.term();
      result = result && right;
    }
    return result;
  }

  term(): boolean {
    if (++this.depth > MAX_DEPTH) this.fail('too many nested expressions');
    let result: boolean;
    if (this.take('!')) result = !this.term();
    else if (this.take('(')) {
      result = this.or();
      if (!this.take(')')) this.fail(`expected ')' after conditional expression '${this.text}'`);
    } else result = this.predicate();
    this.depth--;
    return result;
  }

  predicate(): boolean {
    this.blanks();
    const start = this.position;
    const rest = this.text.slice(start);
    const integer = /^[+-]?\d+/.exec(rest)?.[0];
    if (integer !== undefined) {
      this.position += integer.length;
      return Number(integer) !== 0;
    }
    const name = /^[A-Za-z_]\w*/.exec(rest)?.[0];
    const known = name === undefined || !Object.hasOwn(PREDICATES, name) ? undefined : PREDICATES[name];
    if (known === undefined) return this.fail(`unparsable conditional expression '${rest === '' ? this.text : rest}'`);
    this.position += name!.length;
    return known.test(this.arguments(name!, known.arity), this.facts);
  }

  /**
   * `(a,b)`: arguments may be quoted and hold `\`-escaped characters; blanks in them count. Without parentheses a single
   * argument is empty.
   */
  arguments(name: string, arity: number): string[] {
    const use = `of predicate '${name}' used in conditional expression`;
    const args: string[] = [];
    if (this.text[this.position] === '(') {
      do {
        this.position++;
        args.push(this.argument());
      } while (this.text[this.position] === ',' && args.length < arity);
      const rest = this.text.slice(this.position);
      const before = rest === '' ? '' : ` before '${rest}'`;
      if (!rest.startsWith(')')) this.fail(`expected ')'${before} in argument ${args.length} ${use}`);
      this.position++;
    }
    if (args.length === 0 && arity === 1) return [''];
    if (args.length < arity)
      this.fail(
        `missing arguments (got ${args.length}/${arity}), type 'string' expected in argument ${args.length} ${use}`,
      );
    return args;
  }

  argument(): string {
    let value = '';
    while (this.position < this.text.length) {
      const c = this.text[this.position]!;
      if (c === ',' || c === ')') break;
      this.position++;
      if (c === '"' || c === "'") {
        const end = this.text.indexOf(c, this.position);
        if (end < 0) this.fail('unmatched quote', this.position - 1);
        value += this.text.slice(this.position, end);
        this.position = end + 1;
      } else if (c === '\\' && this.position < this.text.length) value += this.text[this.position++];
      else value += c;
    }
    return value;
  }

  blanks(): void {
    while (this.text[this.position] === ' ' || this.text[this.position] === '\t') this.position++;
  }

  take(token: string): boolean {
    this.blanks();
    if (!this.text.startsWith(token, this.position)) return false;
    this.position += token.length;
    return true;
  }

  fail(message: string, position = this.position): never {
    throw new Mistake(message, position);
  }
}

/**
 * Below, equal or above zero as `a` is older, equal or newer than `b`. Parts are `major.minor[-devN|-rcN][.patch]`;
 * what is missing counts as zero, a development version comes before the release.
 */
function compareVersions(a: string, b: string): number {
  const left = versionParts(a);
  const right = versionParts(b);
  for (let i = 0; i < left.length; i++) {
    if (left[i] !== right[i]) return left[i]! - right[i]!;
  }
  return 0;
}

function versionParts(version: string): number[] {
  const match = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-(dev|rc|pre)(\d*))?(?:-(\d+))?/.exec(version);
  if (match === null) return [0, 0, 0, 0, 0];
  const stage = match[4] === undefined ? 2 : match[4] === 'rc' ? 1 : 0;
  return [Number(match[1]), Number(match[2] ?? 0), stage, Number(match[5] || 0), Number(match[3] ?? 0)];
}

/** Compares only when the TLS library is the one that the predicate is about; another one is neither older nor newer. */
function compareTls(facts: Facts, version: string, library: string): number {
  if (!facts.tlsLibrary.startsWith(library)) return Number.NaN;
  const own = facts.tlsLibrary.slice(library.length).trim().split(' ')[0]!;
  return compareTlsParts(own, version);
}

function compareTlsParts(a: string, b: string): number {
  const left = a.match(/\d+|[a-z]/g) ?? [];
  const right = b.match(/\d+|[a-z]/g) ?? [];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = partValue(left[i]) - partValue(right[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function partValue(part: string | undefined): number {
  if (part === undefined) return 0;
  return /\d/.test(part) ? Number(part) : part.charCodeAt(0) - 0x60;
}
