/**
 * Expressions: a sample fetch followed by converters, `hdr(host),lower,field(1,:)`.
 * One parser serves `%[...]`, rule arguments and ACLs; what it gives is one closure.
 */

import { type ArgGrammar, parseArgs, parseGrammar } from './args.ts';
import { Chain, type Compiled } from './chain.ts';
import { CONVERTERS } from './converters/index.ts';
import { FETCHES } from './fetches/index.ts';
import {
  type CompiledFetch,
  type CompileEnv,
  type ConverterRow,
  type FetchRow,
  isUnresolved,
  SOURCES,
  type Unresolved,
} from './row.ts';
import { castBetween, type ExprError, isError, textOf } from './sample.ts';
import type { ExprContext } from './types.ts';
import { UNSUPPORTED_FETCHES, UNSUPPORTED_REASONS } from './unsupported.ts';

export type { Compiled } from './chain.ts';

/** A compiled expression and where the rest of the input begins. */
export interface Parsed {
  readonly compiled: Compiled;
  /** Words: index of the first word that is not part of it. Text: offset of the first char that is not. */
  readonly next: number;
}

const fetchesByName = new Map<string, { row: FetchRow; grammar: ArgGrammar }>(
  FETCHES.map((row) => [row.name, { row, grammar: parseGrammar(row.args) }]),
);
const convertersByName = new Map<string, { row: ConverterRow; grammar: ArgGrammar }>(
  CONVERTERS.map((row) => [row.name, { row, grammar: parseGrammar(row.args) }]),
);

/** Compiles the expression at the head of `words` (a rule's arguments); `next` is the word after it. */
export function compileExpression(words: readonly string[], env: CompileEnv): Parsed | ExprError {
  return parseChain({ words, word: 0, text: words[0] ?? '', at: 0, closing: '' }, env);
}

/** Compiles the expression at `start` of `text`, that ends before `closing` or at the end of the text. */
export function compileExpressionText(
  text: string,
  start: number,
  closing: string,
  env: CompileEnv,
): Parsed | ExprError {
  return parseChain({ words: null, word: 0, text, at: start, closing }, env);
}

/** Compiles a whole text as one expression; anything left over is an error. */
export function compileWhole(text: string, env: CompileEnv): Compiled | ExprError {
  const parsed = compileExpressionText(text, 0, '', env);
  if (isError(parsed)) return parsed;
  if (parsed.next < text.length) return { error: `missing comma after fetch keyword '${text}'` };
  return parsed.compiled;
}

/** Tells whether a sample fetch of that name exists. */
export function isFetch(name: string): boolean {
  return fetchesByName.has(name);
}

interface Cursor {
  readonly words: readonly string[] | null;
  word: number;
  text: string;
  at: number;
  readonly closing: string;
}

/** Reads a keyword at the cursor: letters, digits and `-_.:+`. */
function readKeyword(text: string, start: number): string {
  let end = start;
  while (end < text.length && /[A-Za-z0-9_.:+-]/.test(text[end]!)) end++;
  return text.slice(start, end);
}

function parseChain(cursor: Cursor, env: CompileEnv): Parsed | ExprError {
  const keyword = readKeyword(cursor.text, cursor.at);
  if (keyword === '') return { error: 'missing fetch method' };
  const known = fetchesByName.get(keyword);
  if (known === undefined) return unknownFetch(keyword);
  const args = parseArgs(cursor.text, cursor.at + keyword.length, known.grammar);
  if ('error' in args) return { error: `fetch method '${keyword}' : ${args.error}` };
  cursor.at = args.end;
  const made = known.row.compile(args.args, env);
  if (typeof made !== 'function' && isUnresolved(made))
    return unresolved(made, `sample fetch keyword '${keyword}'`, env);
  if (typeof made !== 'function' && 'error' in made) {
    return { error: `invalid args in fetch method '${keyword}' : ${made.error}` };
  }
  const fetch: CompiledFetch = typeof made === 'function' ? { evaluate: made } : made;
  const chain = new Chain(known.row, fetch);
  let previous = `fetch keyword '${keyword}'`;
  for (;;) {
    const step = nextConverter(cursor, previous);
    if (step === null) break;
    if (typeof step !== 'string') return step;
    const problem = addConverter(chain, cursor, step, env);
    if (problem !== null) return problem;
    previous = `converter '${step}'`;
  }
  return { compiled: chain.finish(), next: cursor.words === null ? cursor.at : cursor.word };
}

/** Says of a name in the first argument that nothing is called so. */
function unresolved(
  { unresolved: [before, after], position = 1 }: Unresolved,
  keyword: string,
  env: CompileEnv,
): ExprError {
  const where = env.proxy === undefined ? '' : ` in proxy '${env.proxy}'`;
  return { error: `${before} arg ${position} of ${keyword}${where}${after}` };
}

/** Moves the cursor to the next converter and gives its name: null at the end of the expression. */
function nextConverter(cursor: Cursor, previous: string): string | null | ExprError {
  const { words, closing } = cursor;
  const char = cursor.text[cursor.at];
  if (words === null) {
    if (char !== ',') return null;
    while (cursor.text[cursor.at] === ',') cursor.at++;
    if (cursor.at >= cursor.text.length && closing === '') return null;
    return readConverterName(cursor);
  }
  if (char !== undefined && char !== ',') return { error: `missing comma after ${previous}` };
  while (cursor.text[cursor.at] === ',') cursor.at++;
  if (cursor.at < cursor.text.length) return readConverterName(cursor);
  cursor.word++;
  const word = words[cursor.word];
  if (word === undefined || word === '') return null;
  const name = readKeyword(word, 0);
  // A separate word that is no converter belongs to whatever follows the expression.
  if (!convertersByName.has(name)) return null;
  cursor.text = word;
  cursor.at = 0;
  return name;
}

function readConverterName(cursor: Cursor): string | ExprError {
  const name = readKeyword(cursor.text, cursor.at);
  return convertersByName.has(name) ? name : { error: `unknown converter '${name}'` };
}

/** Tells what HAProxy has and Sluice has not from what nobody has. */
function unknownFetch(name: string): ExprError {
  if (!UNSUPPORTED_FETCHES.has(name)) return { error: `unknown fetch method '${name}'` };
  return { error: `fetch method '${name}' is not supported: ${UNSUPPORTED_REASONS[name]}` };
}

function addConverter(chain: Chain, cursor: Cursor, name: string, env: CompileEnv): ExprError | null {
  const { row, grammar } = convertersByName.get(name)!;
  const cast = castBetween(chain.type, row.in);
  if (cast === undefined) return { error: `converter '${name}' cannot be applied` };
  const args = parseArgs(cursor.text, cursor.at + name.length, grammar);
  if ('error' in args) return { error: `invalid arg ${args.position} in converter '${name}' : ${args.error}` };
  cursor.at = args.end;
  const convert = row.compile(args.args, env);
  if (typeof convert !== 'function' && isUnresolved(convert))
    return unresolved(convert, `conversion keyword '${name}' for sample fetch keyword '${chain.keyword}'`, env);
  if (typeof convert !== 'function') return { error: `invalid args in converter '${name}' : ${convert.error}` };
  chain.add(row, convert);
  return null;
}

/** Tells whether all that an expression draws on is there in one of `places`. */
export function isAvailable(compiled: Compiled, places: number): boolean {
  return (SOURCES[compiled.source].places & places) !== 0;
}

/** Says that an expression is of no use at this place, as rules do; null when it is. `rule` is the word that HAProxy quotes. */
export function checkAvailable(compiled: Compiled, env: CompileEnv, rule: string): ExprError | null {
  if (isAvailable(compiled, env.places)) return null;
  const needs = SOURCES[compiled.source].text;
  return { error: `fetch method '${rule}' extracts information from '${needs}', none of which is available here` };
}

/** Text of an expression's value for a stream, or undefined for "no sample". */
export function evaluateText(compiled: Compiled, ctx: ExprContext): string | undefined {
  const value = compiled.evaluate(ctx);
  return value === undefined ? undefined : textOf(value, compiled.typeOf(value));
}

/** Value of an expression as bytes (an address in network order, ...), for hashing; undefined: no value. */
export function evaluateBytes(compiled: Compiled, ctx: ExprContext): string | undefined {
  const value = compiled.evaluate(ctx);
  if (value === undefined) return undefined;
  const cast = castBetween(compiled.typeOf(value), 'bin');
  const bytes = cast === null ? value : cast?.(value);
  return typeof bytes === 'string' ? bytes : undefined;
}
