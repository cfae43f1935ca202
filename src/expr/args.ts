/** Arguments of sample fetches and converters: `(a,'b c',"d\"e",4)` read against a grammar such as `integer,string[,string]`. */

import { parseIpv4, parseIpv4Mask, parseIpv6, parseIpv6Mask } from './ip.ts';
import { type ExprError, parseSint } from './sample.ts';

/** Kinds of arguments, by the names that `-dKsmp` and `-dKcnv` print. */
export type ArgKind =
  | 'string'
  | 'integer'
  | 'IPv4 address'
  | 'IPv6 address'
  | 'IPv4 mask'
  | 'IPv6 mask'
  | 'backend'
  | 'frontend'
  | 'server'
  | 'user list'
  | 'table'
  | 'regex'
  | 'Protocol buffers field number';

/** A parsed argument: an integer for `integer`, else its text; undefined when left out or empty. */
export type Arg = number | bigint | string | undefined;

/** A grammar: the kinds in order, and how many must be given. */
export interface ArgGrammar {
  readonly kinds: readonly ArgKind[];
  readonly required: number;
}

/** Reads a grammar as `-dKsmp` prints it between the parentheses: `integer,string[,integer]`, `[string]`, ''. */
export function parseGrammar(text: string): ArgGrammar {
  const optionalAt = text.indexOf('[');
  const requiredText = optionalAt === -1 ? text : text.slice(0, optionalAt);
  const optionalText = optionalAt === -1 ? '' : text.slice(optionalAt).replace(/[[\]]/g, '');
  const split = (list: string): ArgKind[] => list.split(',').filter((kind) => kind !== '') as ArgKind[];
  const required = split(requiredText);
  return { kinds: [...required, ...split(optionalText)], required: required.length };
}

/** Outcome of reading arguments: the values and where the text goes on, or the reason with the argument's number (from 1). */
type ArgsResult = { readonly args: Arg[]; readonly end: number } | (ExprError & { readonly position: number });

/**
 * Reads the arguments of `text` at `start` (an opening parenthesis; anything else means that there are none).
 * Quotes group words; see `ESCAPES` for backslashes.
 */
export function parseArgs(text: string, start: number, grammar: ArgGrammar): ArgsResult {
  const open = text[start] === '(';
  const { kinds, required } = grammar;
  const args: Arg[] = [];
  let at = open ? start + 1 : start;
  // Left out altogether: mandatory arguments are then read as one empty word, as HAProxy does.
  if (!open && required === 0) return { args, end: start };
  while (args.length < kinds.length) {
    const position = args.length + 1;
    const word = open ? readWord(text, at) : { value: '', end: at };
    if (word === null) return { error: "expected ')'", position };
    const kind = kinds[args.length]!;
    if (word.value === '' && needsText(kind)) {
      if (position > required) break;
      return { error: `expected type '${kind}' at position ${position}, but got nothing`, position };
    }
    const value = convert(word.value, kind, position);
    if (value !== undefined && typeof value === 'object') return { ...value, position };
    args.push(value);
    at = word.end;
    if (!open || text[at] !== ',' || args.length === kinds.length) break;
    at++;
  }
  if (args.length < required) {
    const error = `missing arguments (got ${args.length}/${required}), type '${kinds[args.length]!}' expected`;
    return { error, position: args.length + 1 };
  }
  if (!open) return { args, end: at };
  if (at >= text.length) return { error: "expected ')'", position: args.length + 1 };
  if (text[at] !== ')') return { error: `expected ')' before '${text.slice(at)}'`, position: args.length + 1 };
  return { args, end: at + 1 };
}

function needsText(kind: ArgKind): boolean {
  switch (kind) {
    case 'string':
    case 'regex':
    case 'backend':
    case 'frontend':
    case 'server':
    case 'table':
    case 'user list':
      return false;
    default:
      return true;
  }
}

/** What a backslash makes of the next char outside single quotes; before any other one it is an ordinary char. */
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  '"': '"',
  "'": "'",
  ' ': ' ',
};

/** One argument: its text up to an unquoted comma or parenthesis, or to the end; null when a quote stays open. */
function readWord(text: string, start: number): { value: string; end: number } | null {
  let value = '';
  let quote = '';
  let at = start;
  for (; at < text.length; at++) {
    const char = text[at]!;
    if (quote === '' && (char === ',' || char === ')')) return { value, end: at };
    const escaped = char === '\\' && quote !== "'" ? ESCAPES[text[at + 1] ?? ''] : undefined;
    if (escaped !== undefined) {
      value += escaped;
      at++;
    } else if (char === quote) {
      quote = '';
    } else if (quote === '' && (char === '"' || char === "'")) {
      quote = char;
    } else {
      value += char;
    }
  }
  return quote === '' ? { value, end: at } : null;
}

function convert(word: string, kind: ArgKind, position: number): Arg | ExprError {
  const refused = (): ExprError => ({
    error: `failed to parse '${word}' as type '${kind}' at position ${position}`,
  });
  switch (kind) {
    case 'integer': {
      const value = parseSint(word);
      return value === null ? refused() : value;
    }
    case 'IPv4 address':
      return parseIpv4(word) < 0 ? refused() : word;
    case 'IPv6 address':
      return parseIpv6(word) === null ? refused() : word;
    case 'IPv4 mask':
      return parseIpv4Mask(word) < 0 ? refused() : word;
    case 'IPv6 mask':
      return parseIpv6Mask(word) === null ? refused() : word;
    case 'Protocol buffers field number':
      return /^[0-9]+(\.[0-9]+)*$/.test(word) ? word : refused();
    default:
      return word;
  }
}
