/** ACLs: `acl <name> <criterion> [flags] [operator] <patterns>...`, and anonymous ones between braces. */

import { textOfBytes } from '../../config/bytes.ts';
import { type Compiled, compileExpression, isAvailable } from '../compile.ts';
import type { CompileEnv } from '../row.ts';
import { type ExprError, isError, type Sint } from '../sample.ts';
import type { ExprContext, SampleValue } from '../types.ts';
import { ACL_KEYWORDS, type AclKeyword } from './keywords.ts';
import { defaultMatchMethod, findMatchMethod, type Matches, type MatchMethod } from './match.ts';
import { type MatchKind, matchSource } from './match-source.ts';
import { parseRange } from './range.ts';

/** Outcome of a test, in HAProxy's order: `and` takes the least, `or` the greatest. MISS: more data may still decide. */
export const FAIL = 0;
export const MISS = 1;
export const PASS = 3;
export type Outcome = typeof FAIL | typeof MISS | typeof PASS;

export type Decide = (ctx: ExprContext) => Outcome;

/** One line of an ACL, compiled. */
export interface AclTerm {
  /** The criterion as written, `hdr_beg(host)`. */
  readonly keyword: string;
  readonly compiled: Compiled;
  readonly decide: Decide;
  /** What HAProxy would warn about, or null. */
  readonly warning: string | null;
}

/** Compiles what follows an ACL's name: criterion, flags and patterns. Errors are as HAProxy ends its message, without the final dot. */
export function compileAclTerm(words: readonly string[], env: CompileEnv): AclTerm | ExprError {
  const criterion = parseCriterion(words, env);
  if ('error' in criterion) return criterion;
  const flags = parseFlags(words, criterion);
  if ('error' in flags) return flags;
  const { method, patterns, files } = flags;
  const { compiled } = criterion;
  const matches = compilePatterns(words, criterion, flags, env);
  if (typeof matches !== 'function') return matches;
  const cast = castFor(compiled, method);
  if (cast === undefined)
    return { error: `matching method '${method.name}' cannot be used with fetch keyword '${criterion.fetch}'` };
  const test = cast === null ? matches : castThenMatch(cast, matches);
  return {
    keyword: criterion.keyword,
    compiled,
    decide: decider(compiled, test),
    warning:
      method.needsPatterns && patterns.length + files.length === 0 && !flags.closed ? noPatterns(words[0]!) : null,
  };
}

/** The cast to what a method matches; undefined when there is none. */
function castFor(compiled: Compiled, { name, type }: MatchMethod): ReturnType<Compiled['castTo']> {
  const cast = compiled.castTo(type);
  const number = cast === undefined && name === 'bool' ? compiled.castTo('sint') : null;
  if (!number) return cast;
  // What is no boolean but a number, such as an IPv4 address, is true where that is not 0.
  return (value) => {
    const found = number(value);
    return found === undefined ? undefined : Number(found) !== 0;
  };
}

/** One function over what all files and the ACL itself list. */
function compilePatterns(
  words: readonly string[],
  { keyword, compiled }: Criterion,
  { method, files, patterns, ignoreCase, named, numbersOnly, id }: Flags,
  env: CompileEnv,
): Matches | ExprError {
  const own = named ? null : (compiled.match ?? null);
  const kind: MatchKind = own === null ? method : { name: 'own', compile: own };
  const addresses = own === null && method.name === 'ip';
  // Host names among addresses are known to who keeps the patterns.
  const fixed = addresses && env.patterns !== undefined ? () => false : kind.compile(patterns, { ignoreCase });
  if (typeof fixed !== 'function') return fixed;
  if (env.patterns === undefined) {
    return files.length === 0 ? fixed : { error: `failed to open pattern file <${files[0]!.name}>` };
  }
  const about = { kind: 'acl', match: kind.name, values: null, text: words.join(' ') } as const;
  const uses = [
    ...files.map((file) => ({
      ...{ ...about, ...file, patterns: [], id: null },
      named: addresses && !file.numbersOnly,
    })),
    { ...about, name: null, patterns, ignoreCase, keyed: false, id, named: addresses && !numbersOnly },
  ];
  const all: Matches[] = [];
  for (const use of uses) {
    const source = env.patterns({ ...use, subject: keyword });
    if ('error' in source) return source;
    all.push(matchSource(source, kind, use.ignoreCase));
  }
  if (all.length === 1) return all[0]!;
  return (value) => {
    for (let i = 0; i < all.length; i++) if (all[i]!(value)) return true;
    return false;
  };
}

interface Criterion {
  readonly keyword: string;
  /** What the keyword fetches: itself, or what it is short for. */
  readonly fetch: string;
  readonly compiled: Compiled;
  readonly method: MatchMethod | null;
  /** Its integers are versions, written `3.1` in patterns. */
  readonly dotted: boolean;
  readonly next: number;
}

/** `3.1` as an integer: major in the upper 16 bits. */
function undot(pattern: string): string | ExprError {
  if (OPERATORS.has(pattern)) return pattern;
  const bounds = pattern.split(':');
  const numbers = bounds.map((bound) => (bound === '' && bounds.length === 2 ? '' : versionOf(bound)));
  if (bounds.length > 2 || numbers.includes(null)) return { error: `'${pattern}' is not a dotted number` };
  if (numbers.length === 2 && numbers[1] !== '' && Number(numbers[0]) > Number(numbers[1])) {
    return { error: `'${pattern}' is not a valid dotted number range` };
  }
  return numbers.join(':');
}

function versionOf(text: string): string | null {
  const match = /^([0-9]{1,5})(?:\.([0-9]{1,5}))?$/.exec(text);
  const [major, minor] = [Number(match?.[1]), Number(match?.[2] ?? 0)];
  return match === null || major > 0xffff || minor > 0xffff ? null : String(major * 65536 + minor);
}

function parseCriterion(words: readonly string[], env: CompileEnv): Criterion | ExprError {
  const text = words[0] ?? '';
  const keyword = /^[A-Za-z0-9_.:+-]*/.exec(text)![0];
  const alias = ACL_KEYWORDS.get(keyword) ?? null;
  const expanded = alias === null ? words : [alias.fetch + text.slice(keyword.length), ...words.slice(1)];
  const parsed = compileExpression(expanded, env);
  if (isError(parsed)) return { error: criterionError(parsed.error, text, keyword, alias) };
  const { compiled, next } = parsed;
  // A converter makes HAProxy forget the suffix: the type of the result decides.
  const own =
    alias === null || compiled.converters > 0 || compiled.type === 'meth' ? null : findMatchMethod(alias.method);
  const method = own ?? defaultMatchMethod(compiled.type);
  return {
    keyword,
    fetch: alias?.fetch ?? keyword,
    compiled,
    method,
    dotted: alias?.fetch === 'req.ssl_ver' && compiled.converters === 0,
    next,
  };
}

/** HAProxy words the same mistake in other ways in an ACL. */
function criterionError(error: string, text: string, keyword: string, alias: AclKeyword | null): string {
  if (error === 'missing fetch method' || error.startsWith('unknown fetch method')) {
    return `${error} in ACL expression '${text}'`;
  }
  if (error.includes(' of sample fetch keyword ')) return error.replace('sample fetch keyword', 'ACL keyword');
  if (alias === null)
    return /^(?:unknown converter|.* : ACL )/.test(error) ? `${error} in ACL expression '${text}'` : error;
  const aboutFetch = /^(?:invalid args in )?fetch method '[^']*' : /.exec(error);
  if (aboutFetch !== null) return `ACL keyword '${keyword}' : ${error.slice(aboutFetch[0].length)}`;
  return `ACL keyword '${keyword}' : ${error.replace(/^missing comma after fetch keyword .*/, 'missing comma after fetch keyword')}`;
}

interface Flags {
  readonly method: MatchMethod;
  readonly files: readonly FileOfPatterns[];
  readonly patterns: string[];
  readonly ignoreCase: boolean;
  /** `-n`: host names are not looked up. */
  readonly numbersOnly: boolean;
  /** `-u`. */
  readonly id: number | null;
  /** The method was named by `-m`. */
  readonly named: boolean;
  /** Ended by `--`: having no pattern is meant. */
  readonly closed: boolean;
}

/** A file, and the flags that stand before it. */
interface FileOfPatterns {
  readonly name: string;
  readonly ignoreCase: boolean;
  readonly numbersOnly: boolean;
  readonly keyed: boolean;
}

function parseFlags(words: readonly string[], criterion: Criterion): Flags | ExprError {
  let at = criterion.next;
  let ignoreCase = false;
  let named: MatchMethod | null = null;
  let closed = false;
  let keyed = false;
  let numbersOnly = false;
  let id: number | null = null;
  const files: FileOfPatterns[] = [];
  for (; at < words.length && words[at]!.startsWith('-') && !closed; at++) {
    const flag = words[at]!;
    switch (flag) {
      case '-i':
        ignoreCase = true;
        break;
      case '-n':
        numbersOnly = true;
        break;
      case '--':
        closed = true;
        break;
      case '-m': {
        const name = words[++at] ?? '';
        if (files.length > 0) {
          return { error: "'-m' must only be specified before patterns and files in parsing ACL expression" };
        }
        if (named !== null) return { error: TWO_METHODS };
        named = findMatchMethod(name);
        if (named === null) return { error: `unknown matching method '${name}' when parsing ACL expression` };
        break;
      }
      case '-u':
        if (!/^[0-9]{1,9}$/.test(words[++at] ?? '')) return { error: 'the argument of -u must be an integer' };
        id = Number(words[at]);
        break;
      case '-f':
        if (named === null && criterion.method === null) return { error: noMethod(criterion) };
        files.push({ name: textOfBytes(words[++at] ?? ''), ignoreCase, numbersOnly, keyed });
        break;
      case '-M':
        keyed = true;
        break;
      default:
        return {
          error: `'${flag}' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'`,
        };
    }
  }
  const method = named ?? criterion.method;
  if (method === null) return { error: noMethod(criterion) };
  const end = words.indexOf('', at);
  const given = words.slice(at, end === -1 ? words.length : end);
  const own = method.numeric ? numbersOf(given, criterion.dotted && named === null) : given;
  if (!Array.isArray(own)) return own as ExprError;
  return { method, files, patterns: own as string[], ignoreCase, numbersOnly, id, named: named !== null, closed };
}

const TWO_METHODS =
  "only one explicit matching method can be defined with '-m' parameter. if migrating from an old version, just keep the last one";

const OPERATORS: ReadonlySet<string> = new Set(['eq', 'ge', 'gt', 'le', 'lt']);

/** The ranges that numbers and operators stand for. */
function numbersOf(words: readonly string[], dotted: boolean): string[] | ExprError {
  const numbers: string[] = [];
  for (const word of words) {
    const number = dotted ? undot(word) : word;
    if (typeof number !== 'string') return number;
    numbers.push(number);
  }
  return applyOperators(numbers);
}

function noMethod({ fetch }: Criterion): string {
  return `matching method must be specified first (using '-m') when using a sample fetch of this type ('${fetch}')`;
}

/** Turns `gt 5 lt 10 3:4` into ranges: an operator holds for the numbers that follow it. */
function applyOperators(words: readonly string[]): string[] | ExprError {
  const patterns: string[] = [];
  let operator: string | null = null;
  for (const word of words) {
    // A negative number may need it.
    if (word === '--' && operator !== null) continue;
    if (OPERATORS.has(word)) {
      operator = word;
      continue;
    }
    // A range stays one, whatever the operator says.
    if (operator === null || operator === 'eq' || /^[+-]?[0-9]+:[+-]?[0-9]+$/.test(word)) {
      patterns.push(word);
      continue;
    }
    const range = parseRange(/^[^:]*/.exec(word)![0]);
    if ('error' in range) return { error: `'${word}' is neither a number nor a supported operator` };
    const number = range.from!;
    patterns.push(rangeOf(operator, number));
  }
  return patterns;
}

function rangeOf(operator: string, number: Sint): string {
  const exact = BigInt(number);
  switch (operator) {
    case 'ge':
      return `${exact}:`;
    case 'gt':
      return `${exact + 1n}:`;
    case 'le':
      return `:${exact}`;
    default:
      return `:${exact - 1n}`;
  }
}

function noPatterns(criterion: string): string {
  return (
    `parsing acl keyword '${criterion}' :\n` +
    '  no pattern to match against were provided, so this ACL will never match.\n' +
    "  If this is what you intended, please add '--' to get rid of this warning.\n" +
    "  If you intended to match only for existence, please use '-m found'.\n" +
    "  If you wanted to force an int to match as a bool, please use '-m bool'.\n"
  );
}

function castThenMatch(cast: (value: SampleValue) => SampleValue | undefined, matches: Matches): Matches {
  return (value) => {
    const changed = cast(value);
    return changed !== undefined && matches(changed);
  };
}

function decider(compiled: Compiled, matches: Matches): Decide {
  const { evaluate, scan, mayChange } = compiled;
  const unsure = (ctx: ExprContext): Outcome => (ctx.final === false && mayChange(ctx) ? MISS : FAIL);
  if (scan === null) {
    return (ctx) => {
      const value = evaluate(ctx);
      return value !== undefined && matches(value) ? PASS : unsure(ctx);
    };
  }
  return (ctx) => (scan(ctx, matches) ? PASS : unsure(ctx));
}

/** Tells whether a term can ever match at these places. */
export function termIsAvailable(term: AclTerm, places: number): boolean {
  return isAvailable(term.compiled, places);
}
